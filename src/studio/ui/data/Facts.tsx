/** What a dataset is: its layout and container, counts, answer letters, licence and citation. */
import type { ColumnMapping, DatasetSummary } from '../../../protocol';
import { formatBytes, formatCount } from '../../store/format';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import css from './Facts.module.css';

/** As `DatasetSummary.container` names them. */
const CONTAINERS: Readonly<Record<string, string>> = {
  jsonl: 'JSON Lines',
  'json-array': 'a JSON array',
  'json-object': 'a JSON object, one member per row',
  csv: 'a table (CSV)',
  tsv: 'a table (TSV)',
};

export function Facts({ dataset }: { readonly dataset: DatasetSummary }) {
  const session = useSession();
  const used = useStudio((state) => state.datasetId === dataset.id);
  const answers = Object.entries(dataset.answerCounts).sort(([a], [b]) => a.localeCompare(b));
  const most = Math.max(1, ...answers.map(([, count]) => count));
  return (
    <Panel
      title="Facts"
      actions={
        <>
          {!used && (
            <Button label="Train on this" tone="primary" onClick={() => session.chooseDataset(dataset.id)} />
          )}
          <Button
            label={`Remove ${dataset.name} from the list`}
            bare
            icon="trash"
            tone="danger"
            onClick={() => session.removeDataset(dataset.id)}
          />
        </>
      }
    >
      <dl className={css.facts}>
        <dt>Layout</dt>
        <dd>{dataset.layoutLabel}</dd>
        {dataset.container && (
          <>
            <dt>Container</dt>
            <dd>{CONTAINERS[dataset.container] ?? dataset.container}</dd>
          </>
        )}
        <dt>Size</dt>
        <dd>
          {formatBytes(dataset.bytes)}, {formatCount(dataset.rows)} rows
        </dd>
        <dt>Options</dt>
        <dd>
          {Object.entries(dataset.optionCounts)
            .map(([options, count]) => `${options}: ${formatCount(count)}`)
            .join(' · ')}
        </dd>
        {dataset.open !== undefined && (
          <>
            <dt>Open</dt>
            <dd>{formatCount(dataset.open)}, answered by a text</dd>
          </>
        )}
        {dataset.unlabelled > 0 && (
          <>
            <dt>Unlabelled</dt>
            <dd>{formatCount(dataset.unlabelled)}, neither trained on nor evaluated</dd>
          </>
        )}
        {Object.entries(dataset.repairs).map(([kind, count]) => (
          <Repair key={kind} kind={kind} count={count} />
        ))}
        {answers.length > 0 && (
          <>
            <dt>Answers</dt>
            <dd className={css.answers}>
              {answers.map(([letter, count]) => (
                <span key={letter} className={css.answer} title={`${letter}: ${formatCount(count)}`}>
                  <span
                    className={css.answerBar}
                    style={{ height: `${Math.round((26 * count) / most)}px` }}
                  />
                  <span className={css.answerLetter}>{letter}</span>
                  <span>{formatCount(count)}</span>
                </span>
              ))}
            </dd>
          </>
        )}
        {dataset.licence && (
          <>
            <dt>Licence</dt>
            <dd>{dataset.licence}</dd>
          </>
        )}
        {dataset.citation && (
          <>
            <dt>Citation</dt>
            <dd>{dataset.citation}</dd>
          </>
        )}
        {dataset.mapping && (
          <>
            <dt>Columns</dt>
            <dd>{shownMapping(dataset.mapping)}</dd>
          </>
        )}
        <dt>Id</dt>
        <dd className={css.mono}>{dataset.id.slice(0, 16)}…</dd>
      </dl>
    </Panel>
  );
}

function Repair({ kind, count }: { readonly kind: string; readonly count: number }) {
  return (
    <>
      <dt>Repaired</dt>
      <dd>
        {kind}: {formatCount(count)}
      </dd>
    </>
  );
}

function shownMapping({ question, options, answer }: ColumnMapping): string {
  const from =
    options.kind === 'none' ? 'open' : options.kind === 'field' ? options.field : options.fields.join(', ');
  return `question: ${question}; options: ${from}; answer: ${answer?.field ?? 'none'}`;
}
