/** How each objective is drawn: hue by its aim, and dash and marker besides, so that colour is never alone. */
import type { ObjectiveDescriptor } from '../../../protocol';

export type Marker = '●' | '▲' | '■' | '◆' | '✚' | '▼' | '★' | '✖' | '◐' | '';

export interface LineStyle {
  readonly color: string;
  /** As `stroke-dasharray`; undefined is solid. */
  readonly dash: string | undefined;
  readonly marker: Marker;
}

export const TOTAL_STYLE: LineStyle = { color: 'var(--total)', dash: undefined, marker: '' };

/** The objectives of one aim take these in order; further ones begin again, with other dashes. */
const STYLES: Record<ObjectiveDescriptor['aim'], readonly LineStyle[]> = {
  accuracy: [{ color: 'var(--accuracy)', dash: undefined, marker: '●' }],
  faithfulness: [{ color: 'var(--faithfulness)', dash: '8 3', marker: '▲' }],
  comprehensiveness: [{ color: 'var(--comprehensiveness)', dash: '2 3', marker: '■' }],
  form: [
    { color: 'var(--form-1)', dash: '12 3 2 3', marker: '◆' },
    { color: 'var(--form-2)', dash: '5 2', marker: '✚' },
    { color: 'var(--form-3)', dash: '1 4', marker: '▼' },
  ],
  custom: [
    { color: 'var(--custom-1)', dash: '14 4', marker: '★' },
    { color: 'var(--custom-2)', dash: '4 4', marker: '✖' },
    { color: 'var(--custom-3)', dash: '8 2 2 2 2 2', marker: '◐' },
  ],
};

/** Enough for twenty objectives of one's own. */
const FURTHER_DASHES = ['3 6', '10 2 2 2 2 2', '6 6', '16 2 4 2', '2 8', '12 8'];

/** Objective name → style; the same order gives the same styles. */
export function objectiveStyles(objectives: readonly ObjectiveDescriptor[]): ReadonlyMap<string, LineStyle> {
  const used = new Map<ObjectiveDescriptor['aim'], number>();
  return new Map(
    objectives.map(({ name, aim }) => {
      const index = used.get(aim) ?? 0;
      used.set(aim, index + 1);
      const own = STYLES[aim];
      const style = own[index % own.length]!;
      const round = Math.floor(index / own.length);
      if (round === 0) return [name, style];
      return [name, { ...style, dash: FURTHER_DASHES[(round - 1) % FURTHER_DASHES.length] }];
    }),
  );
}
