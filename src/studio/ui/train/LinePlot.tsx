/**
 * Lines over a shared x: smoothed in front, raw behind at a quarter of the strength, markers and
 * end labels so that colour is never alone, checkpoint flags, an optional band. Charts with the
 * same `syncId` hover together.
 */
import { memo, useMemo } from 'react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  usePlotArea,
  useXAxisScale,
  useYAxisScale,
  XAxis,
  YAxis,
} from 'recharts';
import { formatNumber } from '../../store/format';
import { type Column, decimate, niceTicks, POINT_LIMIT, spreadLabels } from '../../store/series';
import css from './LinePlot.module.css';
import type { LineStyle } from './objectiveStyle';

export interface Series {
  readonly key: string;
  readonly label: string;
  readonly style: LineStyle;
  /** What the line shows; aligned with `x`. */
  readonly values: Column;
  /** As measured, where `values` is smoothed. */
  readonly raw?: Column;
  readonly strong?: boolean;
}

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
const LABEL_GAP = 15;
/** A small chart is some 200 pixels wide. */
const SMALL_POINTS = 100;
/** Markers along a line. */
const MARKERS = 9;

/** Pixels for a value, a marker and the longest of these names. */
export const labelRoom = (names: readonly string[]): number =>
  LABEL_ROOM + LABEL_CHARACTER * Math.max(0, ...names.map((name) => name.length));

type Row = Record<string, number | null | [number, number]>;

export const LinePlot = memo((props: LinePlotProps) => {
  const { label, x, series, band, flags = [], height, syncId, formatX, endLabels = 0, small = false } = props;
  const limit = small ? SMALL_POINTS : POINT_LIMIT;
  const rows = useMemo(() => toRows(x, series, band, limit), [x, series, band, limit]);
  const domain = useMemo(() => extent(rows), [rows]);
  // Steps are whole: ticks between them would read as the same one again.
  const ticksX = niceTicks(x[0] ?? 0, x.at(-1) ?? 1, small ? 4 : 7).filter(
    (tick, index, ticks) => index === 0 || formatX(tick) !== formatX(ticks[index - 1]!),
  );
  return (
    <figure className={css.figure} aria-label={label}>
      <ResponsiveContainer width="100%" height={height} initialDimension={{ width: 600, height }}>
        <ComposedChart
          data={rows}
          syncId={syncId}
          syncMethod={nearestTick}
          margin={{ top: 8, right: endLabels || 10, bottom: 0, left: 0 }}
          title={label}
        >
          <CartesianGrid stroke="var(--line)" vertical={false} syncWithTicks />
          <XAxis
            dataKey="x"
            type="number"
            domain={['dataMin', 'dataMax']}
            ticks={ticksX}
            tickFormatter={formatX}
            tick={{ fill: 'var(--muted)', fontSize: 11 }}
            stroke="var(--line-strong)"
            tickLine={false}
            minTickGap={36}
            height={22}
          />
          <YAxis
            domain={domain}
            tickFormatter={formatNumber}
            tick={{ fill: 'var(--muted)', fontSize: 11 }}
            stroke="var(--line-strong)"
            axisLine={false}
            tickLine={false}
            ticks={niceTicks(...domain, small ? 3 : 5)}
            width={46}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: 'var(--muted)', strokeDasharray: '2 2' }}
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
          {band && series[0] && (
            <Area
              dataKey="band"
              stroke="none"
              fill={series[0].style.color}
              fillOpacity={0.13}
              isAnimationActive={false}
              activeDot={false}
              connectNulls
            />
          )}
          {series.map(({ key, style, raw }) =>
            raw ? (
              <Line
                key={`${key}/raw`}
                dataKey={`${key}/raw`}
                stroke={style.color}
                strokeOpacity={0.25}
                strokeWidth={1}
                dot={false}
                activeDot={false}
                isAnimationActive={false}
                connectNulls
              />
            ) : null,
          )}
          {series.map(({ key, style, strong }) => (
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
          {!small && <Markers rows={rows} series={series} />}
          {endLabels > 0 && <EndLabels rows={rows} series={series} />}
        </ComposedChart>
      </ResponsiveContainer>
    </figure>
  );
});

/** Decimated rows, one record per x. */
function toRows(
  x: readonly number[],
  series: readonly Series[],
  band: readonly [Column, Column] | undefined,
  limit: number,
): Row[] {
  const columns = series.flatMap(({ values, raw }) => (raw ? [values, raw] : [values]));
  const points = decimate(x, band ? [...columns, ...band] : columns, limit);
  return points.x.map((at, index) => {
    const row: Row = { x: at };
    let column = 0;
    for (const { key, raw } of series) {
      row[key] = points.columns[column++]![index] ?? null;
      if (raw) row[`${key}/raw`] = points.columns[column++]![index] ?? null;
    }
    if (band) {
      const low = points.columns[column]![index] ?? null;
      const high = points.columns[column + 1]![index] ?? null;
      if (low !== null && high !== null) row.band = [low, high];
    }
    return row;
  });
}

/** Charts that hover together may hold different points of the same x. */
function nearestTick(
  ticks: readonly { readonly value?: unknown }[],
  { activeLabel }: { activeLabel?: unknown },
): number {
  const distance = (index: number) => Math.abs(Number(ticks[index]!.value) - Number(activeLabel));
  let nearest = 0;
  for (let index = 1; index < ticks.length; index++) if (distance(index) < distance(nearest)) nearest = index;
  return nearest;
}

/** A little air around what is drawn; a flat line gets some to lie in. */
function extent(rows: readonly Row[]): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) {
      if (key === 'x' || value === null) continue;
      const [from, to] = typeof value === 'number' ? [value, value] : value;
      low = Math.min(low, from);
      high = Math.max(high, to);
    }
  }
  if (low > high) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  const flat = high - low <= 1e-9 * size; // smoothing a constant leaves rounding
  const air = flat ? 0.1 * size || 0.1 : 0.04 * (high - low);
  // 0 is a floor for what cannot be negative, and anchors shares and rewards.
  return [low >= 0 ? (low < 0.35 * high ? 0 : low - air) : low - air, high + air];
}

interface LayerProps {
  readonly rows: readonly Row[];
  readonly series: readonly Series[];
}

function Markers({ rows, series }: LayerProps) {
  const scaleX = useXAxisScale();
  const scaleY = useYAxisScale();
  if (!scaleX || !scaleY || rows.length < 2) return null;
  const every = Math.max(1, Math.floor(rows.length / MARKERS));
  return (
    <g>
      {series.flatMap(({ key, style }, offset) => {
        if (!style.marker) return [];
        const phase = Math.floor((offset * every) / Math.max(1, series.length));
        return rows.flatMap((row, at) => {
          const value = row[key];
          if (at % every !== phase || typeof value !== 'number') return [];
          return (
            <text
              key={`${key}/${row.x}`}
              x={scaleX(row.x)}
              y={scaleY(value)}
              fill={style.color}
              stroke="var(--panel)"
              strokeWidth="2"
              paintOrder="stroke"
              fontSize="11"
              textAnchor="middle"
              dominantBaseline="central"
            >
              {style.marker}
            </text>
          );
        });
      })}
    </g>
  );
}

function EndLabels({ rows, series }: LayerProps) {
  const scaleY = useYAxisScale();
  const plot = usePlotArea();
  if (!scaleY || !plot) return null;
  const ends = series.flatMap((each) => {
    const value = rows.findLast((row) => typeof row[each.key] === 'number')?.[each.key];
    return typeof value === 'number' ? [{ ...each, value, y: Number(scaleY(value)) }] : [];
  });
  const places = spreadLabels(
    ends.map(({ y }) => y),
    LABEL_GAP,
    plot.y + 4,
    plot.y + plot.height - 4,
  );
  const right = plot.x + plot.width;
  return (
    <g>
      {ends.map(({ key, label, style, value, y }, index) => (
        <g key={key} fontSize="12" fill={style.color}>
          <path
            d={`M${right + 2} ${y} L${right + 10} ${places[index]}`}
            stroke={style.color}
            strokeOpacity="0.5"
            fill="none"
          />
          <text x={right + 13} y={places[index]} dominantBaseline="central" fontWeight="600">
            {formatNumber(value)}
            <tspan fontWeight="400">
              {' '}
              {style.marker} {label}
            </tspan>
          </text>
        </g>
      ))}
    </g>
  );
}

interface ReadoutProps {
  readonly row: Row;
  readonly series: readonly Series[];
  readonly formatX: (x: number) => string;
}

function Readout({ row, series, formatX }: ReadoutProps) {
  const number = (key: string) => (typeof row[key] === 'number' ? row[key] : null);
  return (
    <div className={css.readout}>
      <p className={css.readoutTitle}>{formatX(number('x') ?? 0)}</p>
      {series.map(({ key, label, style, raw }) => (
        <p key={key} className={css.readoutRow}>
          <span style={{ color: style.color }}>
            {style.marker || '━'} {label}
          </span>
          <strong>{formatNumber(number(key))}</strong>
          {raw && <span className={css.raw}>raw {formatNumber(number(`${key}/raw`))}</span>}
        </p>
      ))}
    </div>
  );
}
