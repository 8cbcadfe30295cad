/**
 * A completion and its case → the value of every objective and their weighted sum, the reward.
 * The page, the trainer and `npm run score` all score here. Pure: the same input, the same numbers.
 */
import type { RunConfig } from '../../protocol/config';
import { StudioError } from '../../protocol/errors';
import type { ObjectiveValues } from '../../protocol/records';
import type { Evidence } from './evidence';
import type { ScoredCase } from './objective';
import { OBJECTIVES } from './objectives';
import { prepareResponse, type ResponseSettings } from './response';

export interface ScoringInput extends ResponseSettings {
  readonly completion: string;
  /** `answer` null: unlabelled, so neither accuracy nor reward. */
  readonly case: ScoredCase;
}

export interface ScoredCompletion {
  /** Every objective, whatever its weight; null where it does not apply. */
  readonly rewards: ObjectiveValues;
  /** Σ weight · value over the objectives that apply; null for an unlabelled case. */
  readonly reward: number | null;
  /** The same keys as `rewards`. */
  readonly evidence: Readonly<Record<string, Evidence | null>>;
}

const NAMES: ReadonlySet<string> = new Set(OBJECTIVES.map((objective) => objective.descriptor.name));

/**
 * `rewards.accuracyFloor` lifts the accuracy objective itself, so that `reward` stays the sum of
 * the weighted `rewards`; its evidence keeps the count of boxes. Time is linear in the completion.
 * Throws `objective-unknown` for a weight that names none, `eos-empty` for an empty `eos`.
 */
export function scoreCompletion(input: ScoringInput, rewards: RunConfig['rewards']): ScoredCompletion {
  for (const name of Object.keys(rewards.weights)) if (!NAMES.has(name)) throw unknownObjective(name);

  const response = prepareResponse(input.completion, input);
  const values: Record<string, number | null> = {};
  const evidence: Record<string, Evidence | null> = {};
  let reward = 0;
  for (const { descriptor, score } of OBJECTIVES) {
    const { name } = descriptor;
    const result = score(response, input.case);
    evidence[name] = result?.evidence ?? null;
    const value =
      result === null
        ? null
        : name === 'accuracy'
          ? floored(result.value, rewards.accuracyFloor)
          : result.value;
    values[name] = value;
    if (value !== null) reward += (rewards.weights[name] ?? 0) * value;
  }
  return { rewards: values, reward: input.case.answer === null ? null : reward, evidence };
}

function floored(value: number, floor: number | null): number {
  return floor === null ? value : Math.max(floor, value);
}

function unknownObjective(name: string): StudioError {
  return new StudioError({
    boundary: 'reward',
    code: 'objective-unknown',
    message: `rewards.weights.${name}: expected one of ${[...NAMES].join(', ')}, received ${JSON.stringify(name)}.`,
    action: 'Remove that weight or correct its name.',
  });
}
