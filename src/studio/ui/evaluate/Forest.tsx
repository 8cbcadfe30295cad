/**
 * Figures with their 95 % intervals, one per row: point and whisker drawn, numbers beside in text, so
 * that it reads as a table too.
 */
import { Fragment, type ReactNode } from 'react';
import type { Interval } from '../../../protocol';
import css from './Forest.module.css';

export interface ForestRow {
  readonly key: string;
  readonly label: string;
  /** What it is, on hover. */
  readonly help?: string | undefined;
  /** null: nothing to draw. */
  readonly value: number | null;
  readonly interval: Interval | null;
  /** The figure and its interval. */
  readonly text: string;
  /** How many cases, or what else belongs to it. */
  readonly note: string;
  /** From the left end of its scale to the right; further ones are drawn at the ends. */
  readonly scale: Interval;
  /** A line to compare with: the overall figure, or no difference. */
  readonly reference?: number | undefined;
  readonly color?: string;
  readonly marker?: string;
  /** Rows of one group stand under its heading; equal ones follow each other. */
  readonly group?: string;
}

interface ForestProps {
  readonly caption: ReactNode;
  readonly rows: readonly ForestRow[];
  /** Of the label, the figure and the note. */
  readonly headings: readonly [string, string, string];
}

export function Forest({ caption, rows, headings }: ForestProps) {
  const [label, figure, note] = headings;
  return (
    <table className={css.forest}>
      <caption className={css.caption}>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{label}</th>
          <td aria-hidden="true" />
          <th scope="col">{figure}</th>
          <th scope="col">{note}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <Fragment key={row.key}>
            {row.group !== undefined && row.group !== rows[index - 1]?.group && (
              <tr>
                <th scope="rowgroup" colSpan={4} className={css.group}>
                  {row.group}
                </th>
              </tr>
            )}
            <Row row={row} />
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

function Row({ row }: { readonly row: ForestRow }) {
  const { label, help, text, note, color = 'var(--accent)', marker } = row;
  return (
    <tr title={help}>
      <th scope="row" className={css.label}>
        {marker && <span style={{ color }}>{marker} </span>}
        {label}
      </th>
      <td aria-hidden="true" className={css.cell}>
        <Whisker row={row} color={color} />
      </td>
      <td className={css.text}>{text}</td>
      <td className={css.note}>{note}</td>
    </tr>
  );
}

function Whisker({ row, color }: { readonly row: ForestRow; readonly color: string }) {
  const { value, interval, scale, reference, marker = '●' } = row;
  const at = (figure: number) => {
    const share = (figure - scale.low) / (scale.high - scale.low || 1);
    return 100 * Math.min(1, Math.max(0, share));
  };
  return (
    <div className={css.track}>
      {reference !== undefined && <span className={css.reference} style={{ left: `${at(reference)}%` }} />}
      {interval && (
        <span
          className={css.whisker}
          style={{ left: `${at(interval.low)}%`, right: `${100 - at(interval.high)}%`, color }}
        />
      )}
      {value !== null && (
        <span className={css.point} style={{ left: `${at(value)}%`, color }}>
          {marker || '●'}
        </span>
      )}
    </div>
  );
}
