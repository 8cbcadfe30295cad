/** The values at one x of a chart. */
import { formatNumber } from '../../store/format';
import css from './LinePlot.module.css';
import type { Row, Series } from './plotRows';

interface ReadoutProps {
  readonly row: Row;
  readonly series: readonly Series[];
  readonly formatX: (x: number) => string;
}

export function Readout({ row, series, formatX }: ReadoutProps) {
  const number = (key: string) => (typeof row[key] === 'number' ? row[key] : null);
  return (
    <div className={css.readout}>
      <p className={css.readoutTitle}>{formatX(row.x)}</p>
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

interface TooltipProps extends Omit<ReadoutProps, 'row'> {
  /** These two come from Recharts. */
  readonly active?: boolean;
  readonly payload?: readonly { readonly payload?: unknown }[];
}

/** Of the chart under the pointer, as Recharts' tooltip. */
export function TooltipReadout({ active, payload, ...rest }: TooltipProps) {
  const row = payload?.[0]?.payload as Row | undefined;
  return active && row ? <Readout row={row} {...rest} /> : null;
}
