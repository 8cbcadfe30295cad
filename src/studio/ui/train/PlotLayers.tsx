/** What a line plot draws over Recharts' own layers: raw values, markers, names at the lines' ends. */
import { usePlotArea, useXAxisScale, useYAxisScale } from 'recharts';
import { formatNumber } from '../../store/format';
import { spreadLabels } from '../../store/series';
import type { Row, Series } from './plotRows';

const LABEL_GAP = 15;
/** Markers along a line. */
const MARKERS = 9;

interface LayerProps {
  readonly rows: readonly Row[];
  readonly series: readonly Series[];
}

/**
 * The raw values, faint. Paths of their own: to Recharts a line is a store entry with selectors of its
 * own, and half of all lines are these, which nobody points at.
 */
export function RawLines({ rows, series }: LayerProps) {
  const scaleX = useXAxisScale();
  const scaleY = useYAxisScale();
  if (!scaleX || !scaleY) return null;
  return (
    <g>
      {series.map(({ key, style, raw }) => {
        if (!raw) return null;
        const points = rows.flatMap((row) => {
          const value = row[`${key}/raw`];
          return typeof value === 'number' ? [`${scaleX(row.x)},${scaleY(value)}`] : [];
        });
        if (points.length === 0) return null;
        return (
          <path
            key={key}
            data-raw={key}
            d={`M${points.join('L')}`}
            fill="none"
            stroke={style.color}
            strokeOpacity="0.25"
          />
        );
      })}
    </g>
  );
}

export function Markers({ rows, series }: LayerProps) {
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

export function EndLabels({ rows, series }: LayerProps) {
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
