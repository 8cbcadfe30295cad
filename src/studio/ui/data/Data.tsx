/**
 * Datasets (S2): what was read, what was wrong line by line, every case with the prompt it becomes,
 * how the cases are split, and what sets share. A file that cannot be read alone is asked about here.
 */
import { useEffect, useState } from 'react';
import type { DatasetSummary } from '../../../protocol';
import type { UnreadFile } from '../../store/data';
import { flagCounts } from '../../store/flags';
import { formatBytes, formatCount } from '../../store/format';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { PickFiles } from '../kit/PickFiles';
import { Progress } from '../kit/Progress';
import { Segmented } from '../kit/Segmented';
import { useQuery } from '../query';
import { AnswerBase } from './AnswerBase';
import { Cases } from './Cases';
import css from './Data.module.css';
import { Facts } from './Facts';
import { BadLines, Flags } from './Issues';
import { Mapping } from './Mapping';
import { Overlap } from './Overlap';
import { Split } from './Split';

/** Stands for the file that waits for the person, which has no id yet. */
const UNREAD = 'unread';

type View = 'cases' | 'split' | 'overlap';
const VIEWS: readonly { readonly value: View; readonly label: string }[] = [
  { value: 'cases', label: 'Cases' },
  { value: 'split', label: 'Split' },
  { value: 'overlap', label: 'Overlap' },
];

export function Data() {
  const session = useSession();
  const datasets = useStudio((state) => state.datasets);
  const chosen = useStudio((state) => state.datasetId);
  const unread = useStudio((state) => state.data.unread);
  const [looked, setLooked] = useState<string | null>(null);
  useEffect(() => setLooked(unread && UNREAD), [unread]);
  const asks = unread !== null && looked === UNREAD;
  const shown = asks
    ? undefined
    : (datasets.find(({ id }) => id === (looked ?? chosen)) ?? datasets.find(({ id }) => id === chosen));
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
              accept=".jsonl,.json,.csv,.tsv"
              onFiles={(files) => session.take(files)}
            />
          }
        >
          <Importing />
          <ul className={css.list}>
            {unread && <UnreadItem unread={unread} shown={asks} onShow={() => setLooked(UNREAD)} />}
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
              Drop a JSONL, JSON, CSV or TSV of clinical questions: MedQA, MedMCQA, MedXpertQA, PubMedQA, MMLU
              or your own with a question, its options and the answer.
            </EmptyState>
          )}
        </Panel>
        {shown && shown.badLines > 0 && <BadLines dataset={shown} />}
        {shown && <Flags dataset={shown} />}
        {shown && <Facts dataset={shown} />}
      </div>
      {asks ? <Ask unread={unread} /> : shown && <Views dataset={shown} />}
    </div>
  );
}

function Ask({ unread }: { readonly unread: UnreadFile }) {
  const { name, reason } = unread;
  return unread.need === 'columns' ? (
    <Mapping key={name} unread={unread} />
  ) : (
    <AnswerBase name={name} reason={reason} />
  );
}

function Views({ dataset }: { readonly dataset: DatasetSummary }) {
  const [text, setView] = useQuery('data', 'cases');
  const view = VIEWS.find(({ value }) => value === text)?.value ?? 'cases';
  return (
    <div className={css.main}>
      <div className={css.views}>
        <Segmented label="View" value={view} choices={VIEWS} onChange={setView} />
      </div>
      {view === 'cases' && <Cases dataset={dataset} />}
      {view === 'split' && <Split dataset={dataset} onCompare={() => setView('overlap')} />}
      {view === 'overlap' && <Overlap key={dataset.id} datasetId={dataset.id} />}
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

interface UnreadItemProps {
  readonly unread: UnreadFile;
  readonly shown: boolean;
  readonly onShow: () => void;
}

function UnreadItem({ unread, shown, onShow }: UnreadItemProps) {
  return (
    <li className={cx(css.item, shown && css.shown)}>
      <button
        type="button"
        className={css.itemButton}
        aria-current={shown ? 'true' : undefined}
        onClick={onShow}
      >
        <span className={css.itemName}>
          <bdi>{unread.name}</bdi>
          <Chip tone="warn">not read yet</Chip>
        </span>
        <span className={css.counts}>
          {unread.need === 'columns' ? 'its columns need a mapping' : 'its answers need a word from you'}
        </span>
      </button>
    </li>
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
  const flagged = flagCounts(dataset.issueCounts).reduce((sum, { count }) => sum + count, 0);
  return (
    <span className={css.counts}>
      {formatCount(dataset.rows)} ok
      {' · '}
      <span className={dataset.badLines > 0 ? css.bad : undefined}>{formatCount(dataset.badLines)} bad</span>
      {' · '}
      {formatCount(repaired)} repaired
      {flagged > 0 && ` · ${formatCount(flagged)} flagged`}
    </span>
  );
}
