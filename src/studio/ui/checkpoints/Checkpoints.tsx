/** Stored checkpoints (S8): resume, export, delete with a way back; and what they cost in storage. */
import { useState } from 'react';
import { useLocation } from 'wouter';
import type { CheckpointSummary, ObjectiveDescriptor, RunSummary } from '../../../protocol';
import { formatBytes, formatCount, formatNumber, formatTime } from '../../store/format';
import { useSession, useStudio } from '../context';
import { CHECKPOINT_POLICY } from '../evaluate/links';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { PickFiles } from '../kit/PickFiles';
import { useQuery } from '../query';
import css from './Checkpoints.module.css';
import { Storage } from './Storage';

const REASONS: Record<CheckpointSummary['reason'], string> = {
  interval: 'by interval',
  pause: 'on pause',
  hide: 'tab hidden',
  finish: 'finished',
  manual: 'by hand',
  import: 'imported',
};

export function Checkpoints() {
  const session = useSession();
  const checkpoints = useStudio((state) => state.checkpoints);
  const run = useStudio((state) => state.run);
  const sorted = [...checkpoints].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  const kept = sorted.filter(({ deleted }) => !deleted);
  const trash = sorted.filter(({ deleted }) => deleted);
  return (
    <div className={css.screen}>
      <h1 className={css.hidden}>Checkpoints</h1>
      <Panel
        title="Checkpoints"
        note={`${formatCount(kept.length)} in this browser`}
        flush
        actions={
          <PickFiles
            label="Import .zip"
            icon="upload"
            accept=".zip"
            onFiles={(files) => session.take(files)}
          />
        }
      >
        {kept.length === 0 ? (
          <EmptyState icon="checkpoints" title="No checkpoint yet">
            A run is saved at intervals, on pause, when the tab is hidden and when it ends. A saved run
            resumes exactly; exported, it is an ordinary Hugging Face folder.
          </EmptyState>
        ) : (
          <ul>
            {kept.map((checkpoint) => (
              <Item key={checkpoint.id} checkpoint={checkpoint} run={run} />
            ))}
          </ul>
        )}
      </Panel>
      <div className={css.side}>
        <Storage />
        {trash.length > 0 && <Trash trash={trash} />}
      </div>
    </div>
  );
}

/** The figures worth a glance; the rest is in the run's curves. */
function headline(
  metrics: CheckpointSummary['metrics'],
  objectives: readonly ObjectiveDescriptor[],
): [string, number][] {
  const named: [string, number | undefined][] = [
    ['Reward', metrics.reward],
    ...objectives.map(({ name, label }): [string, number | undefined] => [
      label,
      metrics[`rewards/${name}/mean`],
    ]),
  ];
  return named.filter((entry): entry is [string, number] => entry[1] !== undefined);
}

function Item({
  checkpoint,
  run,
}: {
  readonly checkpoint: CheckpointSummary;
  readonly run: RunSummary | null;
}) {
  const session = useSession();
  const [, navigate] = useLocation();
  const readOnly = !useStudio((state) => state.holdsLock && state.trainerAlive);
  const { id, runName, runId, step, bytes, createdAt, reason, metrics, sha256, modelName } = checkpoint;
  const objectives = useStudio((state) => state.ready?.objectives) ?? [];
  const [until, setUntil] = useState('');
  const [busy, setBusy] = useState(false);
  const [, setPolicy] = useQuery('policy', 'current');
  const target = until.trim() === '' ? undefined : Number(until);
  const valid = target === undefined || (Number.isSafeInteger(target) && target > step);
  const resume = async () => {
    if (await session.resume(id, target)) navigate('/train');
  };
  const evaluate = () => {
    setPolicy(CHECKPOINT_POLICY + id);
    navigate('/evaluate');
  };
  const save = async () => {
    setBusy(true);
    await session.exportCheckpoint(id);
    setBusy(false);
  };
  return (
    <li className={css.item}>
      <div className={css.what}>
        <p className={css.name}>
          <span className={css.step}>⚑ {formatCount(step)}</span>
          <bdi>{runName}</bdi>
          <Chip>{REASONS[reason]}</Chip>
          {run?.runId === runId && <Chip tone="accent">this run</Chip>}
        </p>
        <p className={css.metrics}>
          {headline(metrics, objectives).map(([name, value]) => (
            <span key={name}>
              {name} <strong>{formatNumber(value)}</strong>
            </span>
          ))}
        </p>
        <p className={css.facts}>
          <bdi>{modelName}</bdi> · {formatBytes(bytes)} · {formatTime(createdAt)} · sha{' '}
          <code title={sha256}>{sha256.slice(0, 10)}</code>
        </p>
      </div>
      <div className={css.actions}>
        <label className={css.until}>
          until step
          <input
            inputMode="numeric"
            value={until}
            placeholder="its own"
            aria-invalid={!valid}
            onChange={(event) => setUntil(event.target.value)}
          />
        </label>
        <Button label="Resume" icon="play" disabled={readOnly || !valid} onClick={resume} />
        <Button
          label="Evaluate"
          icon="evaluate"
          hint="Goes to Evaluate with this checkpoint chosen"
          onClick={evaluate}
        />
        <Button
          label={busy ? 'Packing…' : 'Export'}
          icon="download"
          hint={`A .zip of about ${formatBytes(bytes)}: a Hugging Face folder plus what resuming needs`}
          disabled={busy}
          onClick={save}
        />
        <Button
          label={`Delete step ${step} of ${runName}`}
          bare
          icon="trash"
          tone="danger"
          disabled={readOnly}
          onClick={() => session.deleteCheckpoint(id)}
        />
      </div>
    </li>
  );
}

function Trash({ trash }: { readonly trash: readonly CheckpointSummary[] }) {
  const session = useSession();
  const bytes = useStudio((state) => state.storage?.trashBytes ?? null);
  const readOnly = !useStudio((state) => state.holdsLock && state.trainerAlive);
  return (
    <Panel
      title="Trash"
      note={formatBytes(bytes)}
      actions={
        <Button
          label="Empty trash"
          icon="trash"
          tone="danger"
          disabled={readOnly}
          onClick={() => session.emptyTrash()}
        />
      }
    >
      <ul className={css.trash}>
        {trash.map(({ id, runName, step, bytes: size }) => (
          <li key={id}>
            <span>
              ⚑ {formatCount(step)} <bdi>{runName}</bdi> · {formatBytes(size)}
            </span>
            <Button
              label="Restore"
              icon="undo"
              tone="quiet"
              disabled={readOnly}
              onClick={() => session.restoreCheckpoint(id)}
            />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
