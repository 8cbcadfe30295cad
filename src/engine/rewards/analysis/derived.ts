/** A measured value → the concept it amounts to: 38.5 °C is fever. The norms are in words/measurements.ts. */
import type { ConceptId } from '../words/concepts';
import type { NumberMention } from './number-mentions';

export type Direction = 'low' | 'normal' | 'high';

export interface Derived {
  readonly concept: ConceptId;
  readonly direction: Direction;
}

/** Norms below are an adult's. */
const ADULT_ONLY = new Set(['bp', 'pulse', 'resp', 'bmi']);
const ADULT_YEARS = 13;

/** mm Hg. */
const HIGH_PRESSURE = { systolic: 140, diastolic: 90 };
const LOW_PRESSURE = { systolic: 90, diastolic: 50 };

/** A patient under 13, by the first age of the case. */
export function isChild(numbers: readonly NumberMention[]): boolean {
  const age = numbers.find(({ kind }) => kind === 'age');
  return age !== undefined && (age.unit !== 'year' || age.values[0]! < ADULT_YEARS);
}

/** null: normal, or there is no norm. */
export function deriveConcept({ label, measure, values }: NumberMention, child: boolean): Derived | null {
  if (child && ADULT_ONLY.has(label)) return null;
  if (label === 'bp') return derivePressure(values[0]!, values[1]!);
  const value = values[0]!;
  if (measure?.low && value < measure.low.below) return { concept: measure.low.concept, direction: 'low' };
  if (measure?.high && value >= measure.high.from)
    return { concept: measure.high.concept, direction: 'high' };
  return null;
}

function derivePressure(systolic: number, diastolic: number): Derived | null {
  if (systolic >= HIGH_PRESSURE.systolic || diastolic >= HIGH_PRESSURE.diastolic) {
    return { concept: 'hypertension', direction: 'high' };
  }
  if (systolic < LOW_PRESSURE.systolic || diastolic < LOW_PRESSURE.diastolic) {
    return { concept: 'hypotension', direction: 'low' };
  }
  return null;
}
