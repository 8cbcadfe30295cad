/** The column-mapping form: which field of an unknown file is the question, the options, the answer. */
import { type FormEvent, useState } from 'react';
import type { ColumnReport } from '../../../protocol';
import type { UnreadFile } from '../../store/data';
import { formatCount } from '../../store/format';
import {
  checkMapping,
  controlOf,
  type MappingControl,
  type MappingDraft,
  mappingOf,
} from '../../store/mapping';
import { useSession } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import css from './Mapping.module.css';
import { AnswerControl, FacetControl, FieldSelect, Labelled, OptionsControl } from './MappingControls';
import { MappingPreview } from './MappingPreview';
import { usePreview } from './usePreview';

export function Mapping({ unread }: { readonly unread: Extract<UnreadFile, { need: 'columns' }> }) {
  const { report, reason, draft } = unread;
  const session = useSession();
  const [reading, setReading] = useState(false);
  const missing = checkMapping(draft);
  const mapping = mappingOf(draft);
  const preview = usePreview(missing.size === 0 ? mapping : null);
  const change = (changes: Partial<MappingDraft>) => session.librarian.mapColumns({ ...draft, ...changes });
  const problem = preview.result?.problem ?? null;
  const told = problem && controlOf(problem, mapping);
  const problemOf = (control: MappingControl) =>
    missing.get(control) ??
    (problem && told === control ? `Line ${problem.line}: ${problem.message}` : undefined);

  const apply = async (event: FormEvent) => {
    event.preventDefault();
    if (missing.size > 0) return;
    setReading(true);
    if (!(await session.librarian.readUnread({ mapping }))) setReading(false);
  };
  const names = report.fields.map(({ path }) => path);
  return (
    <Panel
      title={`Map the columns of ${report.name}`}
      note={`${report.container}, ${formatCount(report.rowsLookedAt)} rows looked at`}
      className={css.panel}
    >
      <form className={css.form} onSubmit={apply}>
        <div className={css.controls}>
          <p className={css.reason}>
            <Verbatim text={reason} /> Say where a case stands in its rows.
          </p>
          <Labelled label="Question" problem={problemOf('question')}>
            {(props) => (
              <FieldSelect
                {...props}
                fields={names}
                value={draft.question}
                onChange={(question) => change({ question })}
              />
            )}
          </Labelled>
          <OptionsControl draft={draft} fields={names} problem={problemOf('options')} onChange={change} />
          <AnswerControl draft={draft} fields={names} problem={problemOf('answer')} onChange={change} />
          <Labelled label="Id" problem={problemOf('id')}>
            {(props) => (
              <FieldSelect
                {...props}
                fields={names}
                none="none: the line number"
                value={draft.id}
                onChange={(id) => change({ id })}
              />
            )}
          </Labelled>
          <FacetControl draft={draft} fields={names} problem={problemOf('facets')} onChange={change} />
          <div className={css.buttons}>
            <Button
              label={reading ? 'Reading…' : 'Read the file'}
              icon="check"
              tone="primary"
              submit
              disabled={missing.size > 0 || reading}
            />
            <Button label="Cancel" onClick={() => session.librarian.letGo()} />
          </div>
        </div>
        <div className={css.evidence}>
          <MappingPreview preview={preview} isReady={missing.size === 0} />
          <Fields report={report} />
        </div>
      </form>
    </Panel>
  );
}

/** What the file holds, to choose from. */
function Fields({ report }: { readonly report: ColumnReport }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling table must be reachable by keyboard
    <section className={css.fields} tabIndex={0} aria-label="Fields of the file">
      <table>
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">In rows</th>
            <th scope="col">Examples</th>
          </tr>
        </thead>
        <tbody>
          {report.fields.map(({ path, rows, examples }) => (
            <tr key={path}>
              <th scope="row">
                <Verbatim text={path} />
              </th>
              <td>{formatCount(rows)}</td>
              <td>
                {examples.map((example) => (
                  <div key={example} className={css.example}>
                    <Verbatim text={example} />
                  </div>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
