/** Always in sight: the run and how long it still takes, the backend, storage, the theme. */
import { Link } from 'wouter';
import type { BackendReport, RunStatus } from '../../../protocol';
import { backendName, backendOf, engineWords, isSlow, threadWords } from '../../store/backend';
import { estimate } from '../../store/eta';
import { formatBytes, formatEta } from '../../store/format';
import type { PhaseProgress } from '../../store/state';
import { useSlowly, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { Icon } from '../kit/Icon';
import { Progress } from '../kit/Progress';
import { THEMES, type Theme } from '../theme';
import css from './TopBar.module.css';

const STATUS: Record<
  RunStatus,
  { readonly text: string; readonly tone: 'plain' | 'accent' | 'warn' | 'bad' | 'ok' }
> = {
  idle: { text: 'Ready', tone: 'plain' },
  running: { text: 'Training', tone: 'accent' },
  pausing: { text: 'Pausing…', tone: 'warn' },
  paused: { text: 'Paused', tone: 'warn' },
  finished: { text: 'Finished', tone: 'ok' },
  stopped: { text: 'Stopped', tone: 'plain' },
  failed: { text: 'Failed', tone: 'bad' },
};

export const PHASE_LABELS: Record<PhaseProgress['phase'], string> = {
  compile: 'compiling shaders (first step)',
  sample: 'sampling',
  score: 'scoring',
  reference: 'reference policy',
  update: 'updating',
  save: 'saving',
  evaluate: 'evaluating',
};

interface TopBarProps {
  readonly theme: Theme;
  readonly onTheme: (theme: Theme) => void;
  readonly onKeys: () => void;
}

export function TopBar({ theme, onTheme, onKeys }: TopBarProps) {
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
  return (
    <header className={css.bar}>
      <Link href="/" className={css.brand} aria-label="CRPO Studio, home">
        <img src="./icon.svg" alt="" width="22" height="22" />
        <span>CRPO Studio</span>
      </Link>
      <RunState />
      <div className={css.right}>
        <Machine />
        <Button label="Keyboard" bare tone="quiet" icon="keyboard" shortcut="sheet" onClick={onKeys} />
        <Button
          label={`Theme: ${theme}. Switch to ${next}`}
          bare
          tone="quiet"
          icon={theme}
          onClick={() => onTheme(next)}
        />
      </div>
    </header>
  );
}

function RunState() {
  const run = useStudio((state) => state.run);
  const phase = useSlowly(
    useStudio((state) => state.phase),
    200,
  );
  const history = useStudio((state) => state.history);
  if (!run) return <div className={css.run} />;
  const { text, tone } = STATUS[run.status];
  const eta = estimate(history, run.config, run.step);
  const moving = run.status === 'running' || run.status === 'pausing';
  return (
    <Link href="/train" className={css.run}>
      <Chip tone={tone}>{text}</Chip>
      <span className={css.name}>{run.config.name}</span>
      <span className={css.step}>
        step {run.step}/{run.config.steps}
      </span>
      <span className={css.progress}>
        <Progress label="Run" value={run.step / Math.max(1, run.config.steps)} />
      </span>
      {moving && phase && (
        <span className={css.phase}>
          {PHASE_LABELS[phase.phase]}
          {phase.total > 1 ? ` ${phase.done}/${phase.total}` : ''}
        </span>
      )}
      {run.status === 'running' && (
        <span className={css.eta}>{eta ? `${formatEta(eta)} left` : 'estimating…'}</span>
      )}
    </Link>
  );
}

function Machine() {
  const report = useStudio((state) => state.ready?.backend ?? null);
  const plainBecause = useStudio((state) => state.model?.plainBecause);
  const backend = report && backendOf(report, plainBecause);
  const alive = useStudio((state) => state.trainerAlive);
  const storage = useStudio((state) => state.storage);
  return (
    <>
      {storage && (
        <Link href="/checkpoints" className={css.storage} title="Checkpoints stored in this browser">
          {formatBytes(storage.checkpointBytes)} stored
        </Link>
      )}
      {alive ? <BackendChip backend={backend} /> : <Chip tone="bad">trainer stopped</Chip>}
    </>
  );
}

export function BackendChip({ backend }: { readonly backend: BackendReport | null }) {
  if (!backend) return <Chip>starting…</Chip>;
  const engine = engineWords(backend);
  const explained = [backend.adapter, engine, threadWords(backend), backend.notice]
    .filter(Boolean)
    .join('. ');
  return (
    <Chip tone={isSlow(backend) ? 'warn' : 'ok'} title={explained}>
      <Icon name="chip" size={14} />
      {backendName(backend)}
      {engine && <span className={css.engine}> · {engine}</span>}
    </Chip>
  );
}
