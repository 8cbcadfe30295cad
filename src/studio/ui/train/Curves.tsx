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
import { LinePlot, labelRoom } from './LinePlot';
import { objectiveStyles, TOTAL_STYLE } from './objectiveStyle';
import type { Series } from './plotRows';

/** Repainting costs the page's thread some 100 ms in all; twice a second is enough to watch. */
const REPAINT_MS = 500;

/** Newest checkpoints flagged; more would hide the curves. */
const FLAGS_SHOWN = 10;

const DEFAULT_SMOOTHING = '0.6';

/** Pixels: so high is a chart whose labels at the end all have room. */
const AXIS_HEIGHT = 40;
const LABEL_HEIGHT = 16;

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

interface Curve {
  readonly series: Series;
  /** It has no weight. */
  readonly watched: boolean;
  readonly shown: boolean;
  /** Share of groups in which it does not differ, by step. */
  readonly dead: Column;
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
  /** Whose entry in the legend was pressed: shown at first are the objectives that have a weight. */
  const [pressed, setPressed] = useState<ReadonlySet<string>>(new Set());

  const rewards = run?.config.rewards;
  const x = useMemo(() => xColumn(history, axis), [history, axis]);
  const all = useMemo(() => {
    const objectives = objectivesOf(builtIn ?? [], rewards?.custom ?? []);
    const styles = objectiveStyles(objectives);
    const curves = objectives.flatMap(({ name, label }): Curve[] => {
      const raw = history.columns[`rewards/${name}/mean`];
      if (!raw) return [];
      const watched = weightOf(name, rewards) === 0;
      const shown = watched === pressed.has(name);
      const series = { key: name, label, style: styles.get(name)!, values: smooth(raw, smoothing), raw };
      return [{ series, watched, shown, dead: history.columns[`dead_groups/${name}`] ?? [] }];
    });
    return curves.sort((a, b) => Number(a.watched) - Number(b.watched));
  }, [history, builtIn, rewards, smoothing, pressed]);
  const series = useMemo(() => all.filter(({ shown }) => shown).map((curve) => curve.series), [all]);
  const dead = useMemo(
    () =>
      all
        .filter(({ shown }) => shown)
        .map(({ series, dead: raw }): Series => ({ ...series, values: smooth(raw, smoothing), raw })),
    [all, smoothing],
  );
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
  const room = labelRoom(series.map(({ label }) => label)); // the same for all, so that their steps align
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
              {all.map(({ series: { key, label, style }, shown, watched }) => (
                <button
                  key={key}
                  type="button"
                  aria-pressed={shown}
                  title={watched ? 'Only watched: it has no weight in the reward.' : undefined}
                  className={cx(css.entry, !shown && (watched ? css.watched : css.off))}
                  onClick={() => setPressed(toggled(pressed, key))}
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
      {dead.some(({ raw }) => raw!.length > 0) && (
        <Panel
          title="Dead groups"
          note="share of groups in which an objective does not differ: there it teaches nothing"
        >
          <LinePlot
            label="Share of dead groups by objective"
            x={x}
            series={dead}
            flags={flags}
            height={Math.max(132, AXIS_HEIGHT + LABEL_HEIGHT * dead.length)}
            formatX={format}
            endLabels={room}
          />
        </Panel>
      )}
      <Panel title="Reward" note="weighted sum, mean ± the groups’ standard deviation">
        {started ? (
          <LinePlot
            label="Reward"
            x={x}
            series={total.series}
            band={total.band}
            flags={flags}
            height={196}
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
