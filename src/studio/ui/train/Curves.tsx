/** The curves of a run: every objective, and the reward they add up to with the groups' spread. */
import { useMemo, useState } from 'react';
import { objectivesOf, weightOf } from '../../store/arithmetic';
import { formatCount, formatDuration, formatNumber } from '../../store/format';
import { type Column, smooth, type XAxisChoice, xColumn } from '../../store/series';
import { useSlowly, useStudio } from '../context';
import { cx } from '../kit/cx';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { Segmented } from '../kit/Segmented';
import { useQuery } from '../query';
import css from './Curves.module.css';
import { LinePlot, labelRoom, type Series } from './LinePlot';
import { objectiveStyles, TOTAL_STYLE } from './objectiveStyle';

/** Repainting costs some 100 ms of the page's thread; twice a second is enough to watch. */
const REPAINT_MS = 500;

/** Newest checkpoints flagged; more would hide the curves. */
const FLAGS_SHOWN = 10;

const DEFAULT_SMOOTHING = '0.6';

const AXES = [
  { value: 'step', label: 'step' },
  { value: 'tokens', label: 'tokens' },
  { value: 'time', label: 'time' },
] as const;

export const FORMAT_X: Record<XAxisChoice, (x: number) => string> = {
  step: (x) => formatCount(x),
  tokens: (x) => formatNumber(x),
  time: (x) => formatDuration(x),
};

/** The chosen x axis and smoothing, from the address; they hold for all charts of a run. */
export function useChartView() {
  const [axis, setAxis] = useQuery('x', 'step');
  const [text, setText] = useQuery('smoothing', DEFAULT_SMOOTHING);
  const number = Number(text);
  return {
    axis: AXES.find(({ value }) => value === axis)?.value ?? 'step',
    setAxis,
    smoothing: number >= 0 && number <= 0.99 ? number : Number(DEFAULT_SMOOTHING),
    setSmoothing: (value: number) => setText(String(value)),
  } as const;
}

export function Curves() {
  const history = useSlowly(
    useStudio((state) => state.history),
    REPAINT_MS,
  );
  const run = useStudio((state) => state.run);
  const builtIn = useStudio((state) => state.ready?.objectives);
  const checkpoints = useStudio((state) => state.checkpoints);
  const { axis, setAxis, smoothing, setSmoothing } = useChartView();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());

  const rewards = run?.config.rewards;
  const x = useMemo(() => xColumn(history, axis), [history, axis]);
  const all = useMemo(() => {
    const objectives = objectivesOf(builtIn ?? [], rewards?.custom ?? []);
    const styles = objectiveStyles(objectives);
    return objectives.flatMap(({ name, label }): Series[] => {
      const raw = history.columns[`rewards/${name}/mean`];
      // An objective without weight teaches nothing: left out.
      if (!raw || weightOf(name, rewards) === 0) return [];
      return [{ key: name, label, style: styles.get(name)!, values: smooth(raw, smoothing), raw }];
    });
  }, [history, builtIn, rewards, smoothing]);
  const series = useMemo(() => all.filter(({ key }) => !hidden.has(key)), [all, hidden]);
  const total = useMemo(() => {
    const raw = history.columns.reward ?? [];
    const values = smooth(raw, smoothing);
    const spread = smooth(history.columns.reward_std ?? [], smoothing);
    const edge = (sign: number): Column =>
      values.map((value, at) => (value === null ? null : value + sign * (spread[at] ?? 0)));
    return {
      series: [
        { key: 'reward', label: 'Reward', style: TOTAL_STYLE, values, raw, strong: true },
      ] satisfies Series[],
      band: [edge(-1), edge(1)] as const,
    };
  }, [history, smoothing]);
  const flags = useMemo(() => {
    const saved = checkpoints.filter(({ runId, deleted }) => runId === run?.runId && !deleted);
    const places = saved.map(({ step }) => x[history.steps.indexOf(step)]).filter((at) => at !== undefined);
    return [...new Set(places)].sort((a, b) => a - b).slice(-FLAGS_SHOWN);
  }, [checkpoints, run?.runId, history, x]);

  const started = history.steps.length > 0;
  const format = FORMAT_X[axis];
  const room = labelRoom(all.map(({ label }) => label)); // the same for both, so that their steps align
  return (
    <div className={css.curves} data-testid="curves">
      <Panel
        title="Objectives"
        note="mean over the batch"
        actions={
          started && (
            <>
              <label className={css.smoothing}>
                smoothing
                <input
                  type="range"
                  min={0}
                  max={0.99}
                  step={0.01}
                  value={smoothing}
                  onChange={(event) => setSmoothing(Number(event.target.value))}
                />
                <output>{smoothing.toFixed(2)}</output>
              </label>
              <Segmented label="Horizontal axis" value={axis} choices={AXES} onChange={setAxis} />
            </>
          )
        }
      >
        {started ? (
          <>
            <div className={css.legend}>
              {all.map(({ key, label, style }) => (
                <button
                  key={key}
                  type="button"
                  aria-pressed={!hidden.has(key)}
                  className={cx(css.entry, hidden.has(key) && css.off)}
                  onClick={() => setHidden(toggled(hidden, key))}
                >
                  <svg width="26" height="10" aria-hidden="true">
                    <line
                      x1="0"
                      y1="5"
                      x2="26"
                      y2="5"
                      stroke={style.color}
                      strokeWidth="2"
                      strokeDasharray={style.dash}
                    />
                  </svg>
                  <span style={{ color: style.color }}>{style.marker}</span> {label}
                </button>
              ))}
            </div>
            <LinePlot
              label="Mean of each objective"
              x={x}
              series={series}
              flags={flags}
              height={264}
              syncId="run"
              formatX={format}
              endLabels={room}
            />
          </>
        ) : (
          <EmptyState icon="train" title="The curves of each objective appear here">
            After every step: how often the answer is right, how well the format holds, and whatever else the
            reward counts.
          </EmptyState>
        )}
      </Panel>
      <Panel title="Reward" note="weighted sum, mean ± the groups’ standard deviation">
        {started ? (
          <LinePlot
            label="Reward"
            x={x}
            series={total.series}
            band={total.band}
            flags={flags}
            height={196}
            syncId="run"
            formatX={format}
            endLabels={room}
          />
        ) : (
          <EmptyState icon="train" title="Their weighted sum appears here">
            The wider the band, the more the completions of one prompt differ, and the more there is to learn
            from.
          </EmptyState>
        )}
      </Panel>
    </div>
  );
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}
