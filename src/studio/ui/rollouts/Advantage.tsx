/** An advantage on the diverging scale: blue above the group's mean, orange below, its sign printed. */
import { formatSigned } from '../../store/format';
import css from './Marks.module.css';

/** |advantage| at which the colour is full; group-normalised advantages seldom pass it. */
const FULL = 2;
const STRONGEST_PERCENT = 42;

export function Advantage({ value }: { readonly value: number }) {
  const percent = Math.round(STRONGEST_PERCENT * Math.min(1, Math.abs(value) / FULL));
  const color = value < 0 ? 'var(--loss)' : 'var(--gain)';
  return (
    <span
      className={css.advantage}
      style={{ background: `color-mix(in srgb, ${color} ${percent}%, transparent)` }}
    >
      {formatSigned(value)}
    </span>
  );
}
