/**
 * Two evaluations on the same cases, paired case by case: what one resample draws, it draws for both.
 * A case is the same where id, line and question are; others are left out and counted.
 */
import type { Estimate, EvaluatedCase, EvaluatedSample, EvaluationComparison } from '../../protocol';
import { StudioError } from '../../protocol';
import type { Pausable } from '../crpo/environment';
import { mean } from '../crpo/statistics';
import { estimates, perCase } from './figures';
import { mcnemarPValue } from './statistics';
import { majorityCorrect, objectiveNames } from './summary';

type Pair = readonly [first: EvaluatedCase, second: EvaluatedCase];

/** @throws StudioError `nothing-to-compare` when the two share no case */
export async function compare(
  first: readonly EvaluatedCase[],
  second: readonly EvaluatedCase[],
  seed: number,
  host: Pausable,
): Promise<Omit<EvaluationComparison, 'first' | 'second'>> {
  const partners = new Map(second.map((each) => [keyOf(each), each]));
  const pairs = first.flatMap((each): Pair[] => {
    const partner = partners.get(keyOf(each));
    return partner === undefined ? [] : [[each, partner]];
  });
  if (pairs.length === 0) throw nothingShared();

  const names = objectiveNames(pairs.flat());
  const difference = (of: (sample: EvaluatedSample) => number | null) =>
    perCase(pairs, ([one, other]) => minus(caseMean(other, of), caseMean(one, of)));
  const figures = await estimates<string>(
    {
      accuracy: difference(({ correct }) => Number(correct)),
      reward: difference(({ reward }) => reward),
      tokens: difference(({ tokens }) => tokens),
      ...Object.fromEntries(
        names.map((name) => [`objective/${name}`, difference(({ rewards }) => rewards[name] ?? null)]),
      ),
    },
    pairs.length,
    seed,
    host,
  );
  const objectives = names.map((name): [string, Estimate] => [name, figures[`objective/${name}`]!]);
  return {
    cases: pairs.length,
    unmatched: first.length + second.length - 2 * pairs.length,
    accuracy: figures.accuracy!,
    reward: figures.reward!,
    objectives: Object.fromEntries(objectives),
    tokens: figures.tokens!,
    mcnemar: discordance(pairs),
  };
}

function discordance(pairs: readonly Pair[]): EvaluationComparison['mcnemar'] {
  const improved: string[] = [];
  const regressed: string[] = [];
  let bothCorrect = 0;
  let bothWrong = 0;
  for (const [one, other] of pairs) {
    const before = majorityCorrect(one.samples);
    const after = majorityCorrect(other.samples);
    if (after > before) improved.push(one.case.id);
    else if (after < before) regressed.push(one.case.id);
    else if (after === 1) bothCorrect++;
    else bothWrong++;
  }
  const pValue = mcnemarPValue(improved.length, regressed.length);
  return { improved, regressed, bothCorrect, bothWrong, pValue };
}

function keyOf({ case: { id, line, question } }: EvaluatedCase): string {
  return JSON.stringify([id, line, question]);
}

/** null: it applies to none of the case's completions. */
function caseMean({ samples }: EvaluatedCase, of: (sample: EvaluatedSample) => number | null): number | null {
  const values = samples.flatMap((sample) => of(sample) ?? []);
  return values.length === 0 ? null : mean(values);
}

function minus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b;
}

function nothingShared(): StudioError {
  return new StudioError({
    boundary: 'data',
    code: 'nothing-to-compare',
    message: 'Expected two evaluations on the same cases, received two that share none.',
    action: 'Compare results of the same dataset.',
  });
}
