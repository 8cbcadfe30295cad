/** How far something is, 0 … 1; null: under way, no telling how far. */

import { cx } from './cx';
import css from './Progress.module.css';

export function Progress({ value, label }: { readonly value: number | null; readonly label: string }) {
  const percent = value === null ? undefined : Math.round(100 * Math.min(1, Math.max(0, value)));
  return (
    <div
      className={css.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div
        className={cx(css.bar, percent === undefined && css.unknown)}
        style={{ width: `${percent ?? 30}%` }}
      />
    </div>
  );
}
