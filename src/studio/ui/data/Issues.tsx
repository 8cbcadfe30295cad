/** Bad lines and flagged rows: how many of each kind, where, and what to do about them. */
import type { DatasetIssue, DatasetSummary } from '../../../protocol';
import { FLAGS, flagCounts } from '../../store/flags';
import { formatCount } from '../../store/format';
import { useSession } from '../context';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import css from './Issues.module.css';

export function BadLines({ dataset }: { readonly dataset: DatasetSummary }) {
  const session = useSession();
  const { id, badLines, badLinesSkipped, issues, issueCounts, rows } = dataset;
  const listed = issues.slice(0, badLines); // bad lines come first
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
        {Object.entries(issueCounts)
          .filter(([kind]) => !Object.hasOwn(FLAGS, kind))
          .map(([kind, count]) => (
            <li key={kind}>
              <strong>{formatCount(count)}</strong> {kind}
            </li>
          ))}
      </ul>
      <IssueList label="Bad lines" issues={listed} />
      {badLines > listed.length && (
        <p className={css.more}>The first {listed.length} are listed; “Save them” has all.</p>
      )}
    </Panel>
  );
}

/** Rows that are kept; nothing where no row is flagged. */
export function Flags({ dataset: { issueCounts, issues, badLines } }: { readonly dataset: DatasetSummary }) {
  const counts = flagCounts(issueCounts);
  const listed = issues.slice(badLines);
  if (counts.length === 0) return null;
  const inAll = counts.reduce((sum, { count }) => sum + count, 0);
  return (
    <Panel title="Flagged rows" note="kept, but worth knowing">
      <ul className={css.kinds}>
        {counts.map(({ kind, count, meaning }) => (
          <li key={kind}>
            <strong>{formatCount(count)}</strong> {meaning}
          </li>
        ))}
      </ul>
      {listed.length > 0 && <IssueList label="Flagged rows" issues={listed} isFlag />}
      {inAll > listed.length && (
        <p className={css.more}>The first {formatCount(listed.length)} are listed.</p>
      )}
    </Panel>
  );
}

interface IssueListProps {
  readonly label: string;
  readonly issues: readonly DatasetIssue[];
  readonly isFlag?: boolean;
}

function IssueList({ label, issues, isFlag }: IssueListProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard
    <ol className={cx(css.list, isFlag && css.flags)} tabIndex={0} aria-label={label}>
      {issues.map((issue) => (
        <li
          key={`${issue.line}/${issue.column ?? 0}/${issue.kind}`}
          className={cx(css.issue, isFlag && css.flag)}
        >
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
  );
}
