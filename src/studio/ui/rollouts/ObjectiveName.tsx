/** An objective by name, marker, hue and bar; pressing it shows its evidence. */
import type { ObjectiveDescriptor } from '../../../protocol';
import { KEYS } from '../keys';
import type { LineStyle } from '../train/objectiveStyle';
import css from './ObjectiveName.module.css';

interface ObjectiveNameProps {
  readonly objective: ObjectiveDescriptor;
  readonly style: LineStyle;
  readonly value: number | null;
  /** 0-based row: the first ten have a digit as their key. */
  readonly position: number;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

export function ObjectiveName({ objective, style, value, position, chosen, onChoose }: ObjectiveNameProps) {
  const { label, help, max } = objective;
  const share = value === null ? 0 : Math.min(1, Math.max(0, value / (max || 1)));
  const digit = KEYS.objective.any[position];
  return (
    <button
      type="button"
      className={css.name}
      aria-pressed={chosen}
      aria-keyshortcuts={digit}
      title={help}
      onClick={onChoose}
    >
      <span className={css.digit} aria-hidden="true">
        {digit}
      </span>
      <span>
        <span style={{ color: style.color }} aria-hidden="true">
          {style.marker}
        </span>{' '}
        {label}
        <span className={css.bar}>
          <span style={{ width: `${100 * share}%`, background: style.color }} />
        </span>
      </span>
    </button>
  );
}
