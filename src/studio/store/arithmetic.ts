/**
 * A recorded reward taken apart: weight × value × what else counts = part, and Σ parts = reward. The
 * parts are the record's own; the factors explain them, and what they cannot explain is said.
 */
import {
  customDescriptor,
  type ObjectiveDescriptor,
  type RolloutRecord,
  type RunConfig,
  type ScoredCompletion,
} from '../../protocol';

/** Sums over floats agree to about this; a larger difference has a cause that must be said. */
const TOLERANCE = 1e-6;

export interface RewardPart {
  readonly objective: ObjectiveDescriptor;
  /** The weight of now; 0: only watched. */
  readonly weight: number;
  /** As recorded; null: does not apply. */
  readonly value: number | null;
  /** As recorded; null: no part in the reward. */
  readonly contribution: number | null;
  /** The factor of the integrity gate; null: the objective does not pass it, or the factor is unknown. */
  readonly gate: number | null;
  /** > 1: it also carries the weight of objectives of its aim that do not apply. */
  readonly inherits: number;
  /** What scoring the same text now gives otherwise: the rules changed, or the weights did. */
  readonly changed: 'value' | 'weight' | null;
}

/** The objectives of a run: the built-in ones and the user's own. */
export function objectivesOf(
  builtIn: readonly ObjectiveDescriptor[],
  custom: RunConfig['rewards']['custom'],
): readonly ObjectiveDescriptor[] {
  return [...builtIn, ...custom.map(customDescriptor)];
}

/** 0 for an objective without weight. */
export function weightOf(name: string, rewards: RunConfig['rewards'] | undefined): number {
  const own = rewards?.custom?.find((objective) => objective.name === name);
  return own?.weight ?? rewards?.weights[name] ?? 0;
}

/** What counts comes first, each in the engine's order. `now`: the same text scored now, once it is. */
export function rewardParts(
  rollout: RolloutRecord,
  objectives: readonly ObjectiveDescriptor[],
  rewards: RunConfig['rewards'] | undefined,
  now: ScoredCompletion | null,
): readonly RewardPart[] {
  const parts = objectives
    .filter(({ name }) => name in rollout.rewards)
    .map((objective) => rewardPart(rollout, objective, weightOf(objective.name, rewards), now));
  const counts = ({ weight, contribution }: RewardPart) => weight !== 0 || contribution !== null;
  return [...parts.filter(counts), ...parts.filter((part) => !counts(part))];
}

function rewardPart(
  rollout: RolloutRecord,
  objective: ObjectiveDescriptor,
  weight: number,
  now: ScoredCompletion | null,
): RewardPart {
  const { name, aim } = objective;
  const value = rollout.rewards[name] ?? null;
  // Records of before contributions were kept lack them all.
  const contribution = rollout.contributions?.[name] ?? null;
  const changed =
    now === null
      ? null
      : differs(value, now.rewards[name])
        ? 'value'
        : differs(contribution, now.contributions[name])
          ? 'weight'
          : null;
  const passesGate = aim === 'faithfulness' || aim === 'comprehensiveness';
  const gate = passesGate && value !== null && changed === null ? (now?.gate?.factor ?? null) : null;
  const expected = weight * (value ?? 0) * (gate ?? 1);
  const explained = now !== null && changed === null && contribution !== null && expected !== 0;
  return {
    objective,
    weight,
    value,
    contribution,
    gate,
    inherits: explained ? contribution / expected : 1,
    changed,
  };
}

function differs(a: number | null | undefined, b: number | null | undefined): boolean {
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) !== (b ?? null);
  return Math.abs(a - b) > TOLERANCE;
}
