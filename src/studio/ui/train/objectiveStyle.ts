/** How each objective is drawn: hue by its aim, and dash and marker besides, so that colour is never alone. */
import type { ObjectiveDescriptor } from '../../../protocol';

export type Marker = '●' | '▲' | '■' | '◆' | '✚' | '▼' | '';

export interface LineStyle {
  readonly color: string;
  /** As `stroke-dasharray`; undefined is solid. */
  readonly dash: string | undefined;
  readonly marker: Marker;
}

export const TOTAL_STYLE: LineStyle = { color: 'var(--total)', dash: undefined, marker: '' };

/** The objectives of one aim take these in order; a further one repeats the last hue with another dash. */
const STYLES: Record<ObjectiveDescriptor['aim'], readonly LineStyle[]> = {
  accuracy: [{ color: 'var(--accuracy)', dash: undefined, marker: '●' }],
  faithfulness: [{ color: 'var(--faithfulness)', dash: '8 3', marker: '▲' }],
  comprehensiveness: [{ color: 'var(--comprehensiveness)', dash: '2 3', marker: '■' }],
  form: [
    { color: 'var(--form-1)', dash: '12 3 2 3', marker: '◆' },
    { color: 'var(--form-2)', dash: '5 2', marker: '✚' },
    { color: 'var(--form-3)', dash: '1 4', marker: '▼' },
  ],
};

const FURTHER_DASHES = ['3 6', '10 2 2 2 2 2', '6 6'];

/** Objective name → style; the same order gives the same styles. */
export function objectiveStyles(objectives: readonly ObjectiveDescriptor[]): ReadonlyMap<string, LineStyle> {
  const used = new Map<ObjectiveDescriptor['aim'], number>();
  return new Map(
    objectives.map(({ name, aim }) => {
      const index = used.get(aim) ?? 0;
      used.set(aim, index + 1);
      const own = STYLES[aim];
      const further = index - own.length;
      const style = own[index] ?? { ...own.at(-1)!, dash: FURTHER_DASHES[further % FURTHER_DASHES.length] };
      return [name, style];
    }),
  );
}
