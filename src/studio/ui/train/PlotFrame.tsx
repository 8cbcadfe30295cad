/**
 * What a line plot stands in: the grid, both axes with their values, the checkpoint flags. Plain SVG
 * over Recharts' scales: its own axes read back the style and the size of every text they draw and open
 * a portal per layer, which is most of the time that a small chart takes.
 */
import { memo } from 'react';
import { useChartWidth, usePlotArea, useXAxisScale, useYAxisScale } from 'recharts';
import { formatNumber } from '../../store/format';
import { fitTicks } from './plotRows';

interface PlotFrameProps {
  /** Values named along the axes, rising. */
  readonly ticksX: readonly number[];
  readonly ticksY: readonly number[];
  /** x of the checkpoints. */
  readonly flags: readonly number[];
  readonly formatX: (x: number) => string;
}

/** Pixels between an axis and the values along it. */
const TICK_GAP = 8;
/** From a text's baseline to its top, and to its middle. */
const CAP = '0.71em';
const MIDDLE = '0.355em';
const TEXT = { fill: 'var(--muted)', fontSize: 11 } as const;

export const PlotFrame = memo(({ ticksX, ticksY, flags, formatX }: PlotFrameProps) => {
  const scaleX = useXAxisScale();
  const scaleY = useYAxisScale();
  const plot = usePlotArea();
  const width = useChartWidth();
  if (!scaleX || !scaleY || !plot || !width) return null;
  const right = plot.x + plot.width;
  const bottom = plot.y + plot.height;
  const alongX = ticksX.map((tick) => ({ at: Number(scaleX(tick)), text: formatX(tick) }));
  return (
    <g>
      {ticksY.map((tick) => {
        const y = Number(scaleY(tick));
        return (
          <g key={tick}>
            <path d={`M${plot.x} ${y}H${right}`} stroke="var(--line)" />
            <text x={plot.x - TICK_GAP} y={y} dy={MIDDLE} textAnchor="end" {...TEXT}>
              {formatNumber(tick)}
            </text>
          </g>
        );
      })}
      <path d={`M${plot.x} ${bottom}H${right}`} stroke="var(--line-strong)" />
      {fitTicks(alongX, width).map(({ at, text }) => (
        <text key={text} x={at} y={bottom + TICK_GAP} dy={CAP} textAnchor="middle" {...TEXT}>
          {text}
        </text>
      ))}
      {flags.map((flag) => {
        const x = Number(scaleX(flag));
        return (
          <g key={flag}>
            <path d={`M${x} ${plot.y}V${bottom}`} stroke="var(--muted)" strokeDasharray="1 3" />
            <text x={x + 2} y={plot.y + 2} dy={CAP} {...TEXT}>
              ⚑
            </text>
          </g>
        );
      })}
    </g>
  );
});
