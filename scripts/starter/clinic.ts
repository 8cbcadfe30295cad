/**
 * The starter's three sets of cases, apart from one another: training and held-out cases for the
 * page, and cases with traces for the cold start. All are functions of one seed.
 */
import type { TagSet } from '../../src/protocol/config';
import { Draws } from './draws';
import { drawStyle, makeTrace, type TraceStyle } from './traces';
import { makeVignette, toMedQaRow, type Vignette } from './vignette';

export interface ClinicSizes {
  readonly training: number;
  readonly heldOut: number;
  readonly coldStart: number;
}

/** A case, the tags it was answered in, and a trace to imitate. */
export interface ColdStartExample {
  readonly vignette: Vignette;
  readonly tags: TagSet;
  readonly style: TraceStyle;
  readonly completion: string;
  readonly ends: boolean;
}

export interface Clinic {
  readonly training: readonly Vignette[];
  readonly heldOut: readonly Vignette[];
  readonly coldStart: readonly ColdStartExample[];
}

export function makeClinic(seed: number, sizes: ClinicSizes): Clinic {
  const seen = new Set<string>();
  let serial = 0;
  const fresh = (): Vignette => {
    for (;;) {
      const vignette = makeVignette(new Draws(seed, 'case', serial++));
      if (seen.has(vignette.question)) continue;
      seen.add(vignette.question);
      return vignette;
    }
  };
  const many = (size: number) => Array.from({ length: size }, fresh);
  const training = many(sizes.training);
  const heldOut = many(sizes.heldOut);
  const coldStart = many(sizes.coldStart).map((vignette, index): ColdStartExample => {
    const draws = new Draws(seed, 'trace', index);
    const tags = draws.chance(0.5) ? 'dx' : 'think';
    const trace = makeTrace(vignette, drawStyle(draws), tags, draws);
    return { vignette, tags, style: trace.style, completion: trace.text, ends: trace.ends };
  });
  return { training, heldOut, coldStart };
}

/** The rows of a JSONL file in MedQA's layout. */
export function toJsonLines(vignettes: readonly Vignette[]): string {
  return vignettes.map((vignette) => `${JSON.stringify(toMedQaRow(vignette))}\n`).join('');
}
