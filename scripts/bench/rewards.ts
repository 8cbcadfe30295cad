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
/** The engine's optimising compiler needs some hundred rounds; a run has them within its first steps. */
const WARM_UP = 1000;

/** `clock` in milliseconds. */
export function benchRewards(clock: () => number): BenchRow[] {
  const rewards = presetRewards('clinical');
  const compiled = vignette(0);
  /** `task` is timed on inputs that `make` has made before, another for each round. */
  const measure = <Input>(
    name: string,
    { repeats, warmUp }: { readonly repeats: number; readonly warmUp: number },
    make: (round: number) => Input,
    task: (made: Input) => unknown,
  ): BenchRow => {
    for (let round = 0; round < warmUp; round++) task(make(round));
    const times = Array.from({ length: repeats }, (_, round) => {
      const made = make(warmUp + round);
      const start = clock();
      task(made);
      return clock() - start;
    }).sort((a, b) => a - b);
    return { name, median: times[Math.floor(repeats / 2)]!, worst: times.at(-1)!, unit: 'ms', repeats };
  };

  const often = { repeats: 1000, warmUp: WARM_UP };
  const rows = [
    measure(
      'all objectives, 3,000-character completion',
      often,
      (round) => input(completionOf(round, COMPLETION_CHARACTERS), compiled),
      (scoring) => scoreCompletion(scoring, rewards),
    ),
    // A new case each time, so that nothing of it is cached; the completion is short.
    measure(
      'all objectives and the compiling of a new case',
      often,
      (round) => input('<dx>No.</dx><conclusion>So \\boxed{A}</conclusion>', vignette(round + 1)),
      (scoring) => scoreCompletion(scoring, rewards),
    ),
  ];
  for (const { descriptor, score } of OBJECTIVES) {
    const slowest = adversarialTexts(ADVERSARIAL_CHARACTERS)
      .map(({ name, text }) =>
        measure(
          `${descriptor.name}, 64 kB: ${name}`,
          { repeats: 7, warmUp: 4 },
          // A new object each time, so that the analysis that objectives share is part of each.
          () => input(text, compiled),
          (scoring) => score(prepareResponse(scoring.completion, scoring), scoring.case),
        ),
      )
      .reduce((worst, row) => (row.median > worst.median ? row : worst));
    rows.push(slowest);
  }
  return rows;
}

function input(completion: string, clinicalCase: ScoringInput['case']): ScoringInput {
  return { completion, case: clinicalCase, tags: 'dx', eos: '<|im_end|>', addOpeningTag: false };
}
