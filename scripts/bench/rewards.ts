/**
 * How long scoring takes: a 3,000-character completion with its case compiled, the compiling of a
 * case, and 64 kB that were written to hurt, objective by objective.
 */
import { OBJECTIVES, presetRewards, scoreCompletion } from '../../src/engine/rewards';
import { prepareResponse } from '../../src/engine/rewards/response';
import type { ScoringInput } from '../../src/protocol';
import { adversarialTexts, completionOf, vignette } from './completions';

export interface BenchRow {
  readonly name: string;
  readonly median: number;
  readonly worst: number;
  readonly unit: 'ms';
  readonly repeats: number;
}

const COMPLETION_CHARACTERS = 3_000;
const ADVERSARIAL_CHARACTERS = 64 * 1024;
const WARM_UP = 100;
const REPEATS = 400;

/** `clock` in milliseconds. */
export function benchRewards(clock: () => number): BenchRow[] {
  const rewards = presetRewards('clinical');
  const compiled = vignette(0);
  const measure = (
    name: string,
    repeats: number,
    warmUp: number,
    task: (round: number) => unknown,
  ): BenchRow => {
    for (let round = 0; round < warmUp; round++) task(round);
    const times = Array.from({ length: repeats }, (_, round) => {
      const start = clock();
      task(warmUp + round);
      return clock() - start;
    }).sort((a, b) => a - b);
    return { name, median: times[Math.floor(repeats / 2)]!, worst: times.at(-1)!, unit: 'ms', repeats };
  };

  const rows = [
    measure('all objectives, 3,000-character completion', REPEATS, WARM_UP, (round) =>
      scoreCompletion(input(completionOf(round, COMPLETION_CHARACTERS), compiled), rewards),
    ),
    // A new case each time, so that nothing of it is cached; the completion is short.
    measure('all objectives and the compiling of a new case', REPEATS, WARM_UP, (round) =>
      scoreCompletion(
        input('<dx>No.</dx><conclusion>So \\boxed{A}</conclusion>', vignette(round + 1)),
        rewards,
      ),
    ),
  ];
  for (const { descriptor, score } of OBJECTIVES) {
    const slowest = adversarialTexts(ADVERSARIAL_CHARACTERS)
      .map(({ name, text }) =>
        measure(`${descriptor.name}, 64 kB: ${name}`, 5, 1, () => {
          // Prepared anew, so that the analysis that objectives share is part of each.
          const scoring = input(text, compiled);
          return score(prepareResponse(scoring.completion, scoring), scoring.case);
        }),
      )
      .reduce((worst, row) => (row.median > worst.median ? row : worst));
    rows.push(slowest);
  }
  return rows;
}

function input(completion: string, clinicalCase: ScoringInput['case']): ScoringInput {
  return { completion, case: clinicalCase, tags: 'dx', eos: '<|im_end|>', addOpeningTag: false };
}
