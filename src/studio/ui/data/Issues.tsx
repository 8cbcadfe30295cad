/** Bad lines: how many of each kind, where, and what to do about them. */
import type { DatasetSummary } from '../../../protocol';
import { formatCount } from '../../store/format';
import { useSession } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import css from './Issues.module.css';

export function Issues({ dataset }: { readonly dataset: DatasetSummary }) {
  const session = useSession();
  const { id, badLines, badLinesSkipped, issues, issueCounts, rows } = dataset;
  return (
    <Panel
      title="Bad lines"
      note={`${formatCount(badLines)} of ${formatCount(rows + badLines)}`}
      actions={
        <Button
          label="Save them"
          icon="download"
          hint="Download the bad lines"
          onClick={() => session.saveBadLines(id)}
        />
      }
    >
      <label className={css.skip}>
        <input
          type="checkbox"
          checked={badLinesSkipped}
          onChange={(event) => session.skipBadLines(id, event.target.checked)}
        />
        <span>Skip bad lines: train on the {formatCount(rows)} good ones</span>
      </label>
      <ul className={css.kinds}>
        {Object.entries(issueCounts).map(([kind, count]) => (
          <li key={kind}>
            <strong>{formatCount(count)}</strong> {kind}
          </li>
        ))}
      </ul>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard */}
      <ol className={css.list} tabIndex={0} aria-label="Bad lines">
        {issues.map((issue) => (
          <li key={`${issue.line}/${issue.column ?? 0}/${issue.kind}`} className={css.issue}>
            <span className={css.place}>
              line {formatCount(issue.line)}
              {issue.column !== undefined && `, column ${formatCount(issue.column)}`}
            </span>
            <span>
              <Verbatim text={issue.message} />
            </span>
            <code className={css.excerpt}>
              <Verbatim text={issue.excerpt} />
            </code>
          </li>
        ))}
      </ol>
      {badLines > issues.length && (
        <p className={css.more}>The first {issues.length} are listed; “Save them” has all.</p>
      )}
    </Panel>
  );
}
