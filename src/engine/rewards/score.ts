/**
 * A completion and its case → the value of every objective and the reward, the sum of their parts.
 * The page, the trainer and `npm run score` all score here. Pure: the same input, the same numbers.
 *
 * An objective's part is weight · value. Faithfulness and comprehensiveness are this project's
 * extension R2 of the released rule, 10a + b + 0.5c + V·G·(F + C): within each of the two aims the
 * weights of objectives that do not apply to the case pass to those that do, and with the integrity
 * gate on, the parts count only in a well-formed response with exactly one box (V), times integrity (G).
 */
import type { ObjectiveDescriptor, RunConfig } from '../../protocol/config';
import { StudioError } from '../../protocol/errors';
import type { Evidence, RewardGate, ScoredCompletion, ScoringInput } from '../../protocol/scoring';
import { findBoxCommands } from './boxes';
import { customObjective } from './custom';
import type { Objective } from './objective';
import { OBJECTIVES } from './objectives';
import { prepareResponse } from './response';

type Rewards = RunConfig['rewards'];
type Values = Readonly<Record<string, number | null>>;

const BUILT_IN: ReadonlySet<string> = new Set(OBJECTIVES.map(({ descriptor }) => descriptor.name));
const GATED: readonly ObjectiveDescriptor['aim'][] = ['faithfulness', 'comprehensiveness'];

/**
 * `rewards.accuracyFloor` lifts the accuracy objective itself, so that `reward` stays the sum of
 * the weighted `rewards`; its evidence keeps the count of boxes. Time is linear in the completion.
 * Throws `objective-unknown` for a weight that names none, `eos-empty` for an empty `eos`.
 */
export function scoreCompletion(input: ScoringInput, rewards: Rewards): ScoredCompletion {
  for (const name of Object.keys(rewards.weights)) if (!BUILT_IN.has(name)) throw unknownObjective(name);

  const response = prepareResponse(input.completion, input);
  const objectives = objectivesOf(rewards);
  const values: Record<string, number | null> = {};
  const evidence: Record<string, Evidence | null> = {};
  for (const { descriptor, score } of objectives) {
    const { name } = descriptor;
    const result = score(response, input.case);
    evidence[name] = result?.evidence ?? null;
    values[name] =
      name === 'accuracy' && result !== null
        ? Math.max(rewards.accuracyFloor ?? Number.NEGATIVE_INFINITY, result.value)
        : (result?.value ?? null);
  }

  const gate = rewards.integrityGate ? gateOf(values, response.text) : null;
  const contributions = contributionsOf(objectives, values, objectiveWeights(rewards), gate?.factor ?? 1);
  const labelled = input.case.answer !== null || input.case.openAnswer !== undefined;
  const reward = labelled ? Object.values(contributions).reduce((sum, part) => sum + part, 0) : null;
  return { rewards: values, contributions, reward, gate, evidence };
}

/** Every objective of these rewards, in the order in which they are summed. */
function objectivesOf({ custom }: Pick<Rewards, 'custom'>): readonly Objective[] {
  return custom.length === 0 ? OBJECTIVES : [...OBJECTIVES, ...custom.map(customObjective)];
}

/** Objective → weight, those of the user's own included. */
export function objectiveWeights({ weights, custom }: Rewards): Readonly<Record<string, number>> {
  return { ...weights, ...Object.fromEntries(custom.map(({ name, weight }) => [name, weight])) };
}

/** V·G of the specification: integrity, or 0 where the response is ill-formed or has not exactly one box. */
function gateOf(values: Values, text: string): RewardGate {
  const wellFormed = values.wellFormed === 1;
  const boxes = findBoxCommands(text, 0).count;
  const integrity = values.integrity ?? 0;
  return { wellFormed, boxes, integrity, factor: wellFormed && boxes === 1 ? integrity : 0 };
}

function contributionsOf(
  objectives: readonly Objective[],
  values: Values,
  weights: Readonly<Record<string, number>>,
  gateFactor: number,
): Record<string, number> {
  const contributions: Record<string, number> = {};
  for (const { descriptor } of objectives) {
    const { name, aim } = descriptor;
    const value = values[name];
    const weight = weights[name] ?? 0;
    if (weight === 0 || value === null || value === undefined) continue;
    const factor = GATED.includes(aim) ? gateFactor * inherited(aim, objectives, values, weights) : 1;
    contributions[name] = weight * value * factor;
  }
  return contributions;
}

/**
 * What the applicable objectives of an aim inherit from those that do not apply: the aim's weight in
 * total over the weight that applies. Penalties (weights below 0) neither give nor take.
 */
function inherited(
  aim: ObjectiveDescriptor['aim'],
  objectives: readonly Objective[],
  values: Values,
  weights: Readonly<Record<string, number>>,
): number {
  let total = 0;
  let applicable = 0;
  for (const { descriptor } of objectives) {
    const weight = descriptor.aim === aim ? Math.max(0, weights[descriptor.name] ?? 0) : 0;
    total += weight;
    if (values[descriptor.name] !== null) applicable += weight;
  }
  return applicable === 0 ? 1 : total / applicable;
}

function unknownObjective(name: string): StudioError {
  return new StudioError({
    boundary: 'reward',
    code: 'objective-unknown',
    message: `rewards.weights.${name}: expected one of ${[...BUILT_IN].join(', ')}, received ${JSON.stringify(name)}.`,
    action: 'Remove that weight or correct its name.',
  });
}
