/**
 * Lines over a shared x: smoothed in front, raw behind at a quarter of the strength, markers and
 * end labels so that colour is never alone, checkpoint flags, an optional band.
 */
import { memo, type RefObject, useMemo, useRef } from 'react';
import { Area, ComposedChart, Line, Tooltip, XAxis, YAxis } from 'recharts';
import { type Column, niceTicks, POINT_LIMIT } from '../../store/series';
import { useOnScreen, useWidth } from '../context';
import css from './LinePlot.module.css';
import { PlotFrame } from './PlotFrame';
import { EndLabels, Markers, RawLines } from './PlotLayers';
import { extent, type Series, ticksOf, toRows } from './plotRows';
import { CURSOR, PointedAt } from './pointed';
import { TooltipReadout } from './Readout';
import { type Stage, useDrawing } from './turns';

interface LinePlotProps {
  readonly label: string;
  readonly x: readonly number[];
  readonly series: readonly Series[];
  /** Lower and upper edge, drawn in the first series' colour. */
  readonly band?: readonly [Column, Column];
  /** x of the checkpoints. */
  readonly flags?: readonly number[];
  readonly height: number;
  readonly formatX: (x: number) => string;
  /** Names and newest values at the lines' ends, in this many pixels; see `labelRoom`. */
  readonly endLabels?: number;
  readonly small?: boolean;
}

const LABEL_ROOM = 76;
const LABEL_CHARACTER = 7.2;
/** A small chart is some 200 pixels wide. */
const SMALL_POINTS = 100;
/** Pixels, where nothing is laid out. */
const UNKNOWN_WIDTH = 600;

// Recharts takes a new object for a new setting and draws again: these stay the same.
const WHOLE_X = ['dataMin', 'dataMax'] as const;
const NO_FLAGS: readonly number[] = [];
/** Pixels around the plot: below and on the left, the values along the axes. */
const MARGIN = { top: 8, right: 10, bottom: 22, left: 46 };

/** Pixels for a value, a marker and the longest of these names. */
export const labelRoom = (names: readonly string[]): number =>
  LABEL_ROOM + LABEL_CHARACTER * Math.max(0, ...names.map((name) => name.length));

/** Drawn in its turn and while on screen, so that no chart holds the page still; its room is kept. */
export const LinePlot = memo((props: LinePlotProps) => {
  const figure = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLDivElement>(null);
  const width = useWidth(figure);
  const isOnScreen = useOnScreen(figure);
  const wanted = isOnScreen && width !== null;
  const seen = useRef(isOnScreen);
  seen.current = isOnScreen;
  const draw = useMemo(
    () =>
      wanted
        ? (stage: Stage) => <Chart {...props} width={width || UNKNOWN_WIDTH} stage={stage} seen={seen} />
        : null,
    [props, width, wanted],
  );
  useDrawing(canvas, draw);
  return (
    <figure ref={figure} className={css.figure} style={{ height: props.height }} aria-label={props.label}>
      <div ref={canvas} className={css.canvas} />
    </figure>
  );
});

interface ChartProps extends LinePlotProps {
  readonly width: number;
  readonly stage: Stage;
  /** Whether anybody sees it: only then it shows where the others are pointed at. */
  readonly seen: RefObject<boolean>;
}

const Chart = memo((props: ChartProps) => {
  const { label, x, series, band, flags = NO_FLAGS, height, width, stage, seen, formatX } = props;
  const { endLabels = 0, small = false } = props;
  const limit = small ? SMALL_POINTS : POINT_LIMIT;
  const rows = useMemo(() => toRows(x, series, band, limit), [x, series, band, limit]);
  const domain = useMemo(() => extent(rows), [rows]);
  const ticksX = useMemo(
    () => ticksOf(x[0] ?? 0, x.at(-1) ?? 1, small ? 4 : 7, formatX),
    [x, small, formatX],
  );
  const ticksY = useMemo(() => niceTicks(...domain, small ? 3 : 5), [domain, small]);
  const lines = stage === 'lines' ? series : [];
  const margin = useMemo(() => ({ ...MARGIN, right: endLabels || MARGIN.right }), [endLabels]);
  return (
    <ComposedChart width={width} height={height} data={rows} margin={margin} title={label}>
      {stage !== 'room' && (
        <>
          <XAxis hide dataKey="x" type="number" domain={WHOLE_X} niceTicks="none" />
          <YAxis hide domain={domain} niceTicks="none" />
          <Tooltip
            isAnimationActive={false}
            cursor={CURSOR}
            content={<TooltipReadout series={series} formatX={formatX} />}
          />
          <PlotFrame ticksX={ticksX} ticksY={ticksY} flags={flags} formatX={formatX} />
        </>
      )}
      {band && lines[0] && (
        <Area
          zIndex={0}
          dataKey="band"
          stroke="none"
          fill={lines[0].style.color}
          fillOpacity={0.13}
          isAnimationActive={false}
          activeDot={false}
          connectNulls
        />
      )}
      <RawLines rows={rows} series={lines} />
      {lines.map(({ key, style, strong }) => (
        <Line
          key={key}
          zIndex={0}
          dataKey={key}
          stroke={style.color}
          strokeWidth={strong ? 2.5 : small ? 1.5 : 1.8}
          {...(style.dash ? { strokeDasharray: style.dash } : {})}
          dot={rows.length === 1 ? { r: 3, fill: style.color } : false}
          activeDot={{ r: 3.5, fill: style.color, stroke: 'var(--panel)' }}
          isAnimationActive={false}
          connectNulls
        />
      ))}
      {!small && <Markers rows={rows} series={lines} />}
      {endLabels > 0 && <EndLabels rows={rows} series={lines} />}
      <PointedAt rows={rows} series={lines} formatX={formatX} seen={seen} />
    </ComposedChart>
  );
});
