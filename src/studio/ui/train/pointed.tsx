/**
 * The charts of a run point at the same x: what the pointer or the keyboard is on in one of them, all the
 * others show as well. Recharts can do that itself (`syncId`), but then draws every other chart anew in
 * one task whenever the chart under the pointer gets a new step; here a chart gets a line, dots and a
 * readout, and only when the x is another.
 */
import { type RefObject, useEffect, useRef, useSyncExternalStore } from 'react';
import { useActiveTooltipLabel, usePlotArea, useXAxisScale, useYAxisScale } from 'recharts';
import { nearestRow, type Row, type Series } from './plotRows';
import { Readout } from './Readout';

/** The line at what is pointed at, in every chart. */
export const CURSOR = { stroke: 'var(--muted)', strokeDasharray: '2 2' };

/** Whose it is tells the chart itself from the others. */
interface Pointed {
  readonly x: number;
  readonly by: object;
}

let pointed: Pointed | null = null;
const listeners = new Set<() => void>();

function point(next: Pointed | null): void {
  pointed = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

interface PointedAtProps {
  readonly rows: readonly Row[];
  readonly series: readonly Series[];
  readonly formatX: (x: number) => string;
  /** Whether anybody sees the chart. */
  readonly seen: RefObject<boolean>;
}

/** Tells the other charts where this one is pointed at, and shows where they are. */
export function PointedAt({ rows, series, formatX, seen }: PointedAtProps) {
  const me = useRef({}).current;
  const label = useActiveTooltipLabel();
  const own = label === undefined ? null : Number(label);
  useEffect(() => {
    if (own !== null) point({ x: own, by: me });
    else if (pointed?.by === me) point(null);
  }, [own, me]);
  useEffect(
    () => () => {
      if (pointed?.by === me) point(null);
    },
    [me],
  );
  const elsewhere = useSyncExternalStore(subscribe, () =>
    pointed !== null && pointed.by !== me && seen.current ? pointed.x : null,
  );
  const row = elsewhere === null ? undefined : nearestRow(rows, elsewhere);
  return row && <Pointer row={row} series={series} formatX={formatX} />;
}

/** Pixels between the line and the readout. */
const GAP = 12;

interface PointerProps {
  readonly row: Row;
  readonly series: readonly Series[];
  readonly formatX: (x: number) => string;
}

function Pointer({ row, series, formatX }: PointerProps) {
  const scaleX = useXAxisScale();
  const scaleY = useYAxisScale();
  const plot = usePlotArea();
  if (!scaleX || !scaleY || !plot) return null;
  const x = Number(scaleX(row.x));
  const right = plot.x + plot.width;
  // On the side that has more room.
  const isLeft = x - plot.x > right - x;
  const [from, to] = isLeft ? [plot.x, x - GAP] : [x + GAP, right];
  return (
    <g data-pointer={row.x} pointerEvents="none">
      <path d={`M${x} ${plot.y}V${plot.y + plot.height}`} {...CURSOR} />
      {series.map(({ key, style }) => {
        const value = row[key];
        if (typeof value !== 'number') return null;
        return (
          <circle
            key={key}
            cx={x}
            cy={Number(scaleY(value))}
            r={3.5}
            fill={style.color}
            stroke="var(--panel)"
          />
        );
      })}
      <foreignObject
        x={from}
        y={plot.y}
        width={Math.max(0, to - from)}
        height={plot.height}
        overflow="visible"
      >
        <div style={{ display: 'flex', justifyContent: isLeft ? 'end' : 'start' }}>
          <Readout row={row} series={series} formatX={formatX} />
        </div>
      </foreignObject>
    </g>
  );
}
