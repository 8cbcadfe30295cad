/** The run's controls, where it stands, and how the last step's time was spent. */
import type { PhaseTimes, RunSummary } from '../../../protocol';
import { estimate } from '../../store/eta';
import { formatCount, formatEta, formatMs, formatNumber, formatPercent } from '../../store/format';
import { latest } from '../../store/history';
import { isActive } from '../../store/state';
import { useSession, useSlowly, useStudio } from '../context';
import { OverlapWarning } from '../data/OverlapWarning';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { Progress } from '../kit/Progress';
import { ErrorText } from '../shell/ErrorPanel';
import { PHASE_LABELS } from '../shell/TopBar';
import { GpuMemory } from './GpuMemory';
import css from './RunPanel.module.css';
import { TrainButton } from './TrainButton';

export function RunPanel() {
  const run = useStudio((state) => state.run);
  return (
    <section className={css.panel} aria-label="Run">
      <div className={css.controls}>{isActive(run) ? <Controls run={run} /> : <TrainButton />}</div>
      <div className={css.about}>
        {run ? <Standing run={run} /> : <Plan />}
        <GpuMemory />
        {!isActive(run) && <OverlapWarning />}
      </div>
      {run?.status === 'failed' && run.error && (
        <div className={css.failure}>
          <ErrorText record={run.error} />
        </div>
      )}
    </section>
  );
}

function Controls({ run }: { readonly run: RunSummary }) {
  const session = useSession();
  const readOnly = !useStudio((state) => state.holdsLock);
  return (
    <>
      {run.status === 'running' && (
        <Button
          label="Pause"
          icon="pause"
          tone="primary"
          large
          shortcut="toggle"
          disabled={readOnly}
          onClick={() => session.pause()}
        />
      )}
      {run.status === 'pausing' && <Button label="Pausing…" icon="pause" large disabled />}
      {run.status === 'paused' && (
        <>
          <Button
            label="Continue"
            icon="play"
            tone="primary"
            large
            shortcut="toggle"
            disabled={readOnly}
            onClick={() => session.continue()}
          />
          <Button
            label="One step"
            icon="step"
            shortcut="singleStep"
            disabled={readOnly}
            onClick={() => session.singleStep()}
          />
        </>
      )}
      <Button label="Stop" icon="stop" disabled={readOnly} onClick={() => session.stop()} />
      <Button
        label="Save checkpoint"
        icon="save"
        disabled={readOnly}
        onClick={() => session.saveCheckpoint()}
      />
    </>
  );
}

/** Before the first run: what Train will do. */
function Plan() {
  const draft = useStudio((state) => state.draft);
  const dataset = useStudio((state) => state.datasets.find(({ id }) => id === state.datasetId));
  const model = useStudio((state) => state.model);
  if (!draft || !dataset || !model) return null;
  const { promptsPerBatch, groupSize } = draft.sampling;
  const { heldOutFraction } = draft.data;
  return (
    <p className={css.plan}>
      Trains <bdi>{model.name}</bdi> on <bdi>{dataset.name}</bdi> ({formatCount(dataset.rows)} cases
      {heldOutFraction > 0 && `, ${formatPercent(heldOutFraction, 0)} of them held out`}): each batch samples{' '}
      {promptsPerBatch} prompts × {groupSize} completions, {draft.steps} updates in all.
    </p>
  );
}

function Standing({ run }: { readonly run: RunSummary }) {
  const history = useStudio((state) => state.history);
  const speed = latest(history, 'tokens_per_second');
  const eta = estimate(history, run.config, run.step);
  const fraction = run.step / Math.max(1, run.config.steps);
  const etaText = run.status !== 'running' ? run.status : eta ? `${formatEta(eta)} left` : 'estimating…';
  return (
    <div className={css.standing}>
      <div className={css.line}>
        <strong className={css.name}>
          <bdi>{run.config.name}</bdi>
        </strong>
        <span>
          step <strong>{formatCount(run.step)}</strong> of {formatCount(run.config.steps)}
        </span>
        <span>{Math.floor(100 * fraction)} %</span>
        <span>{etaText}</span>
        {speed !== null && <span>{formatNumber(speed)} tokens/s</span>}
        {run.resumedFrom && <Chip title={run.resumedFrom}>resumed</Chip>}
        <span className={css.muted}>
          <bdi>{run.modelName}</bdi> on <bdi>{run.datasetName}</bdi>
        </span>
      </div>
      <Progress label="Run" value={fraction} />
      <Phases run={run} />
    </div>
  );
}

const PHASES = ['sample', 'score', 'reference', 'update'] as const satisfies readonly (keyof PhaseTimes)[];

/** The phases of a step as parts of a bar, sized by the last step's milliseconds; the present one is lit. */
function Phases({ run }: { readonly run: RunSummary }) {
  const phase = useSlowly(
    useStudio((state) => state.phase),
    150,
  );
  const times = useStudio((state) => state.phaseMs);
  const moving = run.status === 'running' || run.status === 'pausing';
  const now = moving ? phase : null;
  const outside = now && !(PHASES as readonly string[]).includes(now.phase) ? now.phase : null;
  const total = times ? PHASES.reduce((sum, name) => sum + times[name], 0) : 0;
  return (
    <div className={css.phases}>
      {PHASES.map((name) => {
        const share = times && total > 0 ? times[name] / total : 0.25;
        const lit = now?.phase === name;
        return (
          <div key={name} className={cx(css.phase, lit && css.lit)} style={{ flexGrow: 1 + 12 * share }}>
            <span
              className={css.phaseFill}
              style={{ width: lit && now.total > 0 ? `${(100 * now.done) / now.total}%` : '0' }}
            />
            <span className={css.phaseName}>{name}</span>
            <span className={css.phaseTime}>{times ? formatMs(times[name]) : ''}</span>
          </div>
        );
      })}
      {outside && (
        <Chip tone="accent">
          {PHASE_LABELS[outside]}
          {now && now.total > 1 ? ` ${now.done}/${now.total}` : '…'}
        </Chip>
      )}
    </div>
  );
}
