/** The datasets to evaluate on: of each a part, and how many of its cases. */
import type { DatasetPart } from '../../../protocol';
import { formatCount } from '../../store/format';
import css from './NewEvaluation.module.css';

/** Enough for a first look, and through in minutes. */
export const FIRST_CASES = '100';

export interface DatasetChoice {
  readonly part: DatasetPart;
  /** As typed; empty: all. */
  readonly limit: string;
}

/** Cases by the typed limit; null: all; undefined: it is no number of cases. */
export function readLimit(text: string): number | null | undefined {
  if (text.trim() === '') return null;
  const count = Number(text);
  return Number.isSafeInteger(count) && count > 0 ? count : undefined;
}

interface DatasetChoicesProps {
  /** `rows` with a gold answer; null: not open yet. */
  readonly offered: readonly { readonly id: string; readonly name: string; readonly rows: number | null }[];
  /** Dataset id → its choice; what is missing is not evaluated on. */
  readonly choices: ReadonlyMap<string, DatasetChoice>;
  /** Without a share held out there are no parts to choose. */
  readonly heldOutFraction: number;
  readonly onChange: (choices: ReadonlyMap<string, DatasetChoice>) => void;
}

export function DatasetChoices({ offered, choices, heldOutFraction, onChange }: DatasetChoicesProps) {
  const change = (id: string, choice: DatasetChoice | null) => {
    const next = new Map(choices);
    if (choice) next.set(id, choice);
    else next.delete(id);
    onChange(next);
  };
  return (
    <fieldset className={css.datasets}>
      <legend>Datasets</legend>
      <ul>
        {offered.map(({ id, name, rows }) => {
          const choice = choices.get(id);
          return (
            <li key={id} className={css.dataset}>
              <label className={css.check}>
                <input
                  type="checkbox"
                  checked={choice !== undefined}
                  onChange={(event) =>
                    change(id, event.target.checked ? { part: 'all', limit: FIRST_CASES } : null)
                  }
                />
                <span className={css.datasetName}>
                  <bdi>{name}</bdi>
                </span>
                <span className={css.rows}>{rows === null ? 'bundled' : `${formatCount(rows)} cases`}</span>
              </label>
              {choice && (
                <div className={css.narrow}>
                  {heldOutFraction > 0 && (
                    <select
                      aria-label={`Part of ${name}`}
                      value={choice.part}
                      onChange={(event) => change(id, { ...choice, part: event.target.value as DatasetPart })}
                    >
                      <option value="all">all cases</option>
                      <option value="held-out">{`held out (${Math.round(100 * heldOutFraction)} %)`}</option>
                      <option value="train">trained on</option>
                    </select>
                  )}
                  <label className={css.limit}>
                    first
                    <input
                      inputMode="numeric"
                      aria-label={`First cases of ${name}`}
                      value={choice.limit}
                      placeholder="all"
                      aria-invalid={readLimit(choice.limit) === undefined}
                      onChange={(event) => change(id, { ...choice, limit: event.target.value })}
                    />
                    cases
                  </label>
                </div>
              )}
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
