/** The screens, on the left; at narrow widths only their icons. */
import { Link, useRoute } from 'wouter';
import { formatPercent } from '../../store/format';
import { useStudio } from '../context';
import { KEYS, type KeyName } from '../keys';
import { cx } from '../kit/cx';
import { Icon, type IconName } from '../kit/Icon';
import css from './Rail.module.css';

interface Screen {
  readonly path: string;
  readonly label: string;
  readonly icon: IconName;
  readonly shortcut: KeyName;
}

export const SCREENS: readonly Screen[] = [
  { path: '/', label: 'Home', icon: 'home', shortcut: 'goHome' },
  { path: '/data', label: 'Data', icon: 'data', shortcut: 'goData' },
  { path: '/train', label: 'Train', icon: 'train', shortcut: 'goTrain' },
  { path: '/rollouts', label: 'Rollouts', icon: 'rollouts', shortcut: 'goRollouts' },
  { path: '/evaluate', label: 'Evaluate', icon: 'evaluate', shortcut: 'goEvaluate' },
  { path: '/checkpoints', label: 'Checkpoints', icon: 'checkpoints', shortcut: 'goCheckpoints' },
];

export function Rail() {
  const evaluating = useStudio((state) => state.evaluations.atWork?.progress ?? null);
  const evaluations = useStudio((state) => state.evaluations.list?.length ?? 0);
  const counts: Readonly<Record<string, number | string>> = {
    '/data': useStudio((state) => state.datasets.length),
    '/rollouts': useStudio((state) => state.rollouts.length),
    '/evaluate': evaluating ? formatPercent(evaluating.done / evaluating.total, 0) : evaluations,
    '/checkpoints': useStudio((state) => state.checkpoints).filter(({ deleted }) => !deleted).length,
  };
  return (
    <nav className={css.rail} aria-label="Screens">
      {SCREENS.map((screen) => (
        <RailLink key={screen.path} screen={screen} count={counts[screen.path] ?? 0} />
      ))}
    </nav>
  );
}

function RailLink({ screen, count }: { readonly screen: Screen; readonly count: number | string }) {
  const [here] = useRoute(screen.path === '/' ? '/' : `${screen.path}/*?`);
  const key = KEYS[screen.shortcut];
  return (
    <Link
      href={screen.path}
      className={cx(css.link, here && css.here)}
      aria-current={here ? 'page' : undefined}
      aria-keyshortcuts={key.aria}
      title={`${screen.label} (${key.label})`}
    >
      <Icon name={screen.icon} size={18} />
      <span className={css.label}>{screen.label}</span>
      {count !== 0 && <span className={css.count}>{count}</span>}
    </Link>
  );
}
