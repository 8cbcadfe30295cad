/** Datasets (S2): what was read, what was wrong line by line, and every case with the prompt it becomes. */
import { useState } from 'react';
import type { DatasetSummary } from '../../../protocol';
import { formatBytes, formatCount } from '../../store/format';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { PickFiles } from '../kit/PickFiles';
import { Progress } from '../kit/Progress';
import { Cases } from './Cases';
import css from './Data.module.css';
import { Issues } from './Issues';

export function Data() {
  const session = useSession();
  const datasets = useStudio((state) => state.datasets);
  const chosen = useStudio((state) => state.datasetId);
  const [looked, setLooked] = useState<string | null>(null);
  const shown =
    datasets.find(({ id }) => id === (looked ?? chosen)) ?? datasets.find(({ id }) => id === chosen);
  return (
    <div className={css.screen}>
      <h1 className={css.hidden}>Data</h1>
      <div className={css.side}>
        <Panel
          title="Datasets"
          flush
          actions={
            <PickFiles
              label="Open…"
              icon="file"
              accept=".jsonl,.json,.csv"
              onFiles={(files) => session.take(files)}
            />
          }
        >
          <Importing />
          <ul className={css.list}>
            {datasets.map((dataset) => (
              <DatasetItem
                key={dataset.id}
                dataset={dataset}
                shown={dataset.id === shown?.id}
                used={dataset.id === chosen}
                onShow={() => setLooked(dataset.id)}
              />
            ))}
          </ul>
          {datasets.length === 0 && (
            <EmptyState icon="data" title="No dataset yet">
              Drop a JSONL of clinical questions: MedQA, MedMCQA, MedXpertQA, PubMedQA, MMLU or your own with
              a question, its options and the answer.
            </EmptyState>
          )}
        </Panel>
        {shown && shown.badLines > 0 && <Issues dataset={shown} />}
        {shown && <Facts dataset={shown} />}
      </div>
      {shown && <Cases dataset={shown} />}
    </div>
  );
}

function Importing() {
  const session = useSession();
  const importing = useStudio((state) => state.importing);
  if (!importing) return null;
  const { name, bytes, totalBytes, rows, badLines } = importing;
  return (
    <div className={css.importing}>
      <div className={css.importText}>
        <bdi>{name}</bdi>
        <span>
          {formatBytes(bytes)} of {formatBytes(totalBytes)} · {formatCount(rows)} ok · {formatCount(badLines)}{' '}
          bad
        </span>
      </div>
      <Button label="Cancel" onClick={() => session.cancelImport()} />
      <div className={css.importBar}>
        <Progress label={`Reading ${name}`} value={totalBytes > 0 ? bytes / totalBytes : null} />
      </div>
    </div>
  );
}

interface DatasetItemProps {
  readonly dataset: DatasetSummary;
  readonly shown: boolean;
  readonly used: boolean;
  readonly onShow: () => void;
}

function DatasetItem({ dataset, shown, used, onShow }: DatasetItemProps) {
  return (
    <li className={cx(css.item, shown && css.shown)}>
      <button
        type="button"
        className={css.itemButton}
        aria-current={shown ? 'true' : undefined}
        onClick={onShow}
      >
        <span className={css.itemName}>
          <bdi>{dataset.name}</bdi>
          {used && <Chip tone="accent">trains</Chip>}
          {dataset.synthetic && <Chip>synthetic</Chip>}
        </span>
        <Counts dataset={dataset} />
      </button>
    </li>
  );
}

/** ok · bad · repaired, always together, so that each has its denominator. */
function Counts({ dataset }: { readonly dataset: DatasetSummary }) {
  const repaired = Object.values(dataset.repairs).reduce((sum, count) => sum + count, 0);
  return (
    <span className={css.counts}>
      {formatCount(dataset.rows)} ok
      {' · '}
      <span className={dataset.badLines > 0 ? css.bad : undefined}>{formatCount(dataset.badLines)} bad</span>
      {' · '}
      {formatCount(repaired)} repaired
    </span>
  );
}

function Facts({ dataset }: { readonly dataset: DatasetSummary }) {
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
        <dt>Size</dt>
        <dd>{formatBytes(dataset.bytes)}</dd>
        <dt>Options</dt>
        <dd>
          {Object.entries(dataset.optionCounts)
            .map(([options, count]) => `${options}: ${formatCount(count)}`)
            .join(' · ')}
        </dd>
        {dataset.unlabelled > 0 && (
          <>
            <dt>Unlabelled</dt>
            <dd>{formatCount(dataset.unlabelled)}, neither trained on nor evaluated</dd>
          </>
        )}
        {Object.entries(dataset.repairs).map(([kind, count]) => (
          <Repair key={kind} kind={kind} count={count} />
        ))}
        <dt>Answers</dt>
        <dd className={css.answers}>
          {answers.map(([letter, count]) => (
            <span key={letter} className={css.answer} title={`${letter}: ${formatCount(count)}`}>
              <span className={css.answerBar} style={{ height: `${Math.round((26 * count) / most)}px` }} />
              <span className={css.answerLetter}>{letter}</span>
              <span>{formatCount(count)}</span>
            </span>
          ))}
        </dd>
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
        <dt>SHA-256</dt>
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
