/**
 * Which labelled cases a run trains on and which it never sees.
 *
 * Promises. The split is a function of the cases' texts and of its seed alone, the same on every
 * machine and in whatever order the rows stand. All cases of one question are on the same side. Of
 * the questions of each stratum (gold letter, or open, times the first facet) the share held out is
 * exact to within one, and of all questions to within a half. One more question moves five others at
 * most, however many there are.
 *
 * Cases that a file holds twice are in neither part: of repeats the first is kept, of cases with
 * contradicting gold answers none is (see `duplicates.ts`).
 */
import type { ClinicalCase, RunConfig, SplitReport } from '../../protocol';
import { STREAMS, threefry2x32 } from '../random';
import { type Fingerprint, fingerprint } from './duplicates';
import { hash53 } from './hash';

export type Split = RunConfig['data'];

/** What the split looks at. */
export interface SplitKey extends Fingerprint {
  /** For a person too: `A · step1`, `open`. */
  readonly stratum: string;
}

export type Placement = 'train' | 'held-out' | 'repeat' | 'conflict';

/** null: the case is not labelled, so no part has it. */
export function splitKey(row: ClinicalCase): SplitKey | null {
  if (!isLabelled(row)) return null;
  const [facet] = Object.values(row.facets ?? {});
  const gold = row.answer ?? 'open';
  return { ...fingerprint(row), stratum: facet === undefined ? gold : `${gold} · ${facet}` };
}

function isLabelled({ answer, openAnswer }: ClinicalCase): boolean {
  return answer !== null || openAnswer !== undefined;
}

/** Where each key's case goes, in the order of the keys. Time n log n, and about 400 bytes a key while it works. */
export function splitCases(keys: readonly SplitKey[], split: Split): Placement[] {
  const placements = placeDuplicates(keys);
  const heldOut = chooseHeldOut(strataOf(keys, placements), split);
  return placements.map((placement, index) =>
    placement === 'train' && heldOut.has(keys[index]!.question) ? 'held-out' : placement,
  );
}

/** How many cases went where, in all and by stratum. */
export function countSplit(
  keys: readonly SplitKey[],
  placements: readonly Placement[],
  unlabelled: number,
): SplitReport {
  const total = { train: 0, 'held-out': 0, repeat: 0, conflict: 0 };
  const strata = new Map<string, { name: string; train: number; heldOut: number }>();
  placements.forEach((placement, index) => {
    total[placement]++;
    const name = keys[index]!.stratum;
    const counts = strata.get(name) ?? { name, train: 0, heldOut: 0 };
    strata.set(name, counts);
    if (placement === 'train') counts.train++;
    if (placement === 'held-out') counts.heldOut++;
  });
  const byName = [...strata.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    train: total.train,
    heldOut: total['held-out'],
    repeats: total.repeat,
    conflicts: total.conflict,
    unlabelled,
    strata: byName.slice(0, LISTED_STRATA),
    strataInAll: byName.length,
  };
}

/** A facet may have as many values as there are rows. */
const LISTED_STRATA = 200;

/** Marks what the file holds twice; everything else is `train` for now. */
function placeDuplicates(keys: readonly SplitKey[]): Placement[] {
  const firsts = new Map<number, number>();
  const contradicted = new Set<number>();
  const placements = keys.map(({ item, gold }, index): Placement => {
    const first = firsts.get(item);
    if (first === undefined) firsts.set(item, index);
    else if (keys[first]!.gold !== gold) contradicted.add(item);
    return first === undefined ? 'train' : 'repeat';
  });
  return placements.map((placement, index) => (contradicted.has(keys[index]!.item) ? 'conflict' : placement));
}

/** Stratum → its questions. A question whose cases are of several strata belongs to the first by name. */
function strataOf(keys: readonly SplitKey[], placements: readonly Placement[]): Map<string, number[]> {
  const stratumOf = new Map<number, string>();
  keys.forEach(({ question, stratum }, index) => {
    if (placements[index] === 'conflict') return;
    const other = stratumOf.get(question);
    if (other === undefined || stratum < other) stratumOf.set(question, stratum);
  });
  const strata = new Map<string, number[]>();
  for (const [question, stratum] of stratumOf) {
    const questions = strata.get(stratum);
    if (questions === undefined) strata.set(stratum, [question]);
    else questions.push(question);
  }
  return strata;
}

/**
 * The questions held out: of each stratum its whole-number share, and one more in as many strata as
 * the share of all questions still lacks (largest remainders, less a random number in [0, 1) of the
 * stratum's own, so that strata of one question get their share too); within a stratum, those of
 * the lowest random rank.
 */
function chooseHeldOut(
  strata: ReadonlyMap<string, readonly number[]>,
  { heldOutFraction, splitSeed }: Split,
): Set<number> {
  const heldOut = new Set<number>();
  if (heldOutFraction === 0) return heldOut;
  let lacking = 0;
  const shares = [...strata].map(([name, questions]) => {
    const exact = heldOutFraction * questions.length;
    const whole = Math.floor(exact + ROUNDING);
    const remainder = exact - whole;
    lacking += remainder;
    const score = remainder > ROUNDING ? remainder - draw(hash53(name), splitSeed) : Number.NEGATIVE_INFINITY;
    return { name, questions, whole, score };
  });
  shares.sort((a, b) => (a.score === b.score ? (a.name < b.name ? -1 : 1) : b.score - a.score));
  shares.forEach(({ questions, whole }, position) => {
    const count = whole + (position < Math.round(lacking) ? 1 : 0);
    const ranked = questions.map((question) => ({ question, rank: draw(question, splitSeed) }));
    ranked.sort((a, b) => a.rank - b.rank || a.question - b.question);
    for (const { question } of ranked.slice(0, count)) heldOut.add(question);
  });
  return heldOut;
}

/** 0.29 · 100 is a little less than 29. */
const ROUNDING = 1e-9;

const words = new Uint32Array(2);

/** In [0, 1), by all 53 bits of the hash and by the seed. */
function draw(hash: number, seed: number): number {
  threefry2x32(seed, STREAMS.split, Math.floor(hash / 2 ** 32), hash % 2 ** 32, words);
  return words[0]! / 2 ** 32;
}
