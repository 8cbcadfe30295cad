/**
 * Lines over a shared x: smoothed in front, raw behind at a quarter of the strength, markers and
 * end labels so that colour is never alone, checkpoint flags, an optional band. Charts with the
 * same `syncId` hover together.
 */
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import { Area, CartesianGrid, ComposedChart, Line, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import { formatNumber } from '../../store/format';
import { type Column, niceTicks, POINT_LIMIT } from '../../store/series';
import { useOnScreen, useWidth } from '../context';
import css from './LinePlot.module.css';
import { EndLabels, Markers, RawLines, Readout } from './PlotLayers';
import { extent, nearestTick, type Row, type Series, toRows } from './plotRows';
import { useTurn } from './turns';

interface LinePlotProps {
  readonly label: string;
  readonly x: readonly number[];
  readonly series: readonly Series[];
  /** Lower and upper edge, drawn in the first series' colour. */
  readonly band?: readonly [Column, Column];
  /** x of the checkpoints. */
  readonly flags?: readonly number[];
  readonly height: number;
  readonly syncId: string;
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
const TICK = { fill: 'var(--muted)', fontSize: 11 };
const CURSOR = { stroke: 'var(--muted)', strokeDasharray: '2 2' };

/** Pixels for a value, a marker and the longest of these names. */
export const labelRoom = (names: readonly string[]): number =>
  LABEL_ROOM + LABEL_CHARACTER * Math.max(0, ...names.map((name) => name.length));

/** Drawn in its turn and while on screen, so that no chart holds the page still; its room is kept. */
export const LinePlot = memo((props: LinePlotProps) => {
  const figure = useRef<HTMLElement>(null);
  const width = useWidth(figure);
  const wanted = useOnScreen(figure);
  /** Axes first, lines in the next turn: both at once would be the longest task of all. */
  const [hasAxes, setHasAxes] = useState(false);
  const value = useMemo(
    () => ({ ...props, width: width || UNKNOWN_WIDTH, bare: !hasAxes }),
    [props, width, hasAxes],
  );
  const drawn = useTurn(value, wanted && width !== null);
  useEffect(() => setHasAxes(drawn !== null), [drawn]);
  return (
    <figure ref={figure} className={css.figure} style={{ height: props.height }} aria-label={props.label}>
      <div className={css.canvas}>{drawn && <Chart {...drawn} />}</div>
    </figure>
  );
});

/** `bare`: only the axes, for these lines. */
const Chart = memo((props: LinePlotProps & { readonly width: number; readonly bare: boolean }) => {
  const { label, x, series, band, flags = [], height, width, bare, syncId, formatX } = props;
  const { endLabels = 0, small = false } = props;
  const limit = small ? SMALL_POINTS : POINT_LIMIT;
  const rows = useMemo(() => toRows(x, series, band, limit), [x, series, band, limit]);
  const domain = useMemo(() => extent(rows), [rows]);
  // Steps are whole: ticks between them would read as the same one again.
  const ticksX = niceTicks(x[0] ?? 0, x.at(-1) ?? 1, small ? 4 : 7).filter(
    (tick, index, ticks) => index === 0 || formatX(tick) !== formatX(ticks[index - 1]!),
  );
  const lines = bare ? [] : series;
  const margin = useMemo(() => ({ top: 8, right: endLabels || 10, bottom: 0, left: 0 }), [endLabels]);
  return (
    <ComposedChart
      width={width}
      height={height}
      data={rows}
      syncId={syncId}
      syncMethod={nearestTick}
      margin={margin}
      title={label}
    >
      <CartesianGrid stroke="var(--line)" vertical={false} syncWithTicks />
      <XAxis
        dataKey="x"
        type="number"
        domain={WHOLE_X}
        ticks={ticksX}
        tickFormatter={formatX}
        tick={TICK}
        stroke="var(--line-strong)"
        tickLine={false}
        minTickGap={36}
        height={22}
      />
      <YAxis
        domain={domain}
        tickFormatter={formatNumber}
        tick={TICK}
        stroke="var(--line-strong)"
        axisLine={false}
        tickLine={false}
        ticks={niceTicks(...domain, small ? 3 : 5)}
        width={46}
      />
      <Tooltip
        isAnimationActive={false}
        cursor={CURSOR}
        content={({ active, payload }) =>
          active && payload?.[0] ? (
            <Readout row={payload[0].payload as Row} series={series} formatX={formatX} />
          ) : null
        }
      />
      {flags.map((at) => (
        <ReferenceLine
          key={at}
          x={at}
          stroke="var(--muted)"
          strokeDasharray="1 3"
          label={{ value: '⚑', position: 'insideTopLeft', fill: 'var(--muted)', fontSize: 11, offset: 2 }}
        />
      ))}
      {band && lines[0] && (
        <Area
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
    </ComposedChart>
  );
});
