/** Small multiples that show early when a run goes wrong; the charts hover together with the curves. */
import { useMemo } from 'react';
import { formatNumber, formatPercent } from '../../store/format';
import { latest } from '../../store/history';
import { smooth, xColumn } from '../../store/series';
import { useSlowly, useStudio } from '../context';
import { Panel } from '../kit/Panel';
import { FORMAT_X, useChartView } from './Curves';
import css from './Health.module.css';
import { LinePlot } from './LinePlot';
import type { LineStyle } from './objectiveStyle';
import type { Series } from './plotRows';

/** Health changes slowly; the curves above it come first. */
const REPAINT_MS = 1000;

const STYLE: LineStyle = { color: 'var(--accent)', dash: undefined, marker: '' };

interface Vital {
  readonly key: string;
  readonly label: string;
  /** What it is and when to worry. */
  readonly help: string;
  readonly share?: boolean;
}

const VITALS: readonly Vital[] = [
  {
    key: 'kl',
    label: 'KL',
    help: 'k3 estimate against the reference policy, nats per token. A fast rise: the policy runs away.',
  },
  { key: 'entropy', label: 'Entropy', help: 'Nats per token. A fall towards 0: the policy repeats itself.' },
  {
    key: 'clip_ratio/region_mean',
    label: 'Clipped',
    help: 'Share of tokens whose ratio was clipped.',
    share: true,
  },
  {
    key: 'frac_reward_zero_std',
    label: 'Dead groups',
    help: 'Share of groups whose rewards are all the same: they teach nothing.',
    share: true,
  },
  {
    key: 'completions/clipped_ratio',
    label: 'Truncated',
    help: 'Share of completions cut at the token limit.',
    share: true,
  },
  { key: 'completions/mean_length', label: 'Length', help: 'Mean tokens per completion.' },
  { key: 'grad_norm', label: 'Gradient norm', help: 'Global L2 norm before clipping.' },
  { key: 'tokens_per_second', label: 'Tokens/s', help: 'Sampled tokens per second.' },
];

export function Health() {
  const history = useSlowly(
    useStudio((state) => state.history),
    REPAINT_MS,
  );
  const { axis, smoothing } = useChartView();
  const x = useMemo(() => xColumn(history, axis), [history, axis]);
  const shown = useMemo(
    () =>
      VITALS.flatMap((vital) => {
        const raw = history.columns[vital.key];
        if (!raw) return [];
        const series: Series[] = [
          { key: vital.key, label: vital.label, style: STYLE, values: smooth(raw, smoothing), raw },
        ];
        return [{ ...vital, series }];
      }),
    [history, smoothing],
  );
  return (
    <Panel title="Health" note="newest value above each chart">
      <div className={css.grid}>
        {shown.map(({ key, label, help, share, series }) => {
          const value = latest(history, key);
          return (
            <div key={key} className={css.cell} title={help}>
              <p className={css.head}>
                <span>{label}</span>
                <strong>{share ? formatPercent(value) : formatNumber(value)}</strong>
              </p>
              <LinePlot label={label} x={x} series={series} height={92} formatX={FORMAT_X[axis]} small />
            </div>
          );
        })}
      </div>
    </Panel>
  );
}
