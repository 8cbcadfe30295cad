/** What the CRPO update loop is given: everything that is not a number of the algorithm comes in here. */
import type { ClinicalCase, Phase, RunConfig, ScoredCompletion, ScoringInput } from '../../protocol';
import type { Tokenizer } from '../tokenizer';
import type { FrozenPolicy, Learner } from './learner';

/** Random access to the labelled cases of a dataset. */
export interface CaseSource {
  readonly count: number;
  /** 0 ≤ index < count. */
  at(index: number): Promise<ClinicalCase>;
}

/** What a task that takes long lets its host do: breathe, and stop it. */
export interface Pausable {
  /** Awaited between tokens and between micro-batches: a macrotask passes, and a pause may hold here. */
  breathe(): Promise<void>;
  /** Throws the reason once the task shall stop; an `AbortSignal` is one. */
  readonly signal: { throwIfAborted(): void };
}

/** The host of a task that nobody pauses or stops. */
export const NEVER_PAUSED: Pausable = {
  breathe: async () => undefined,
  signal: { throwIfAborted: () => undefined },
};

/** … and hear of its progress. */
export interface Host extends Pausable {
  onPhase(phase: Phase, done: number, total: number): void;
}

export interface StepEnvironment extends Host {
  readonly config: RunConfig;
  /** π_θ and what trains it. */
  readonly learner: Learner;
  /** π_ref as a frozen copy; null where it is the policy with LoRA off, or β is 0. */
  readonly reference: FrozenPolicy | null;
  readonly tokenizer: Tokenizer;
  readonly cases: CaseSource;
  /** Called while other rollouts are still sampled. May reject: the rollout is then unscored, with the message. */
  score(input: ScoringInput, rewards: RunConfig['rewards']): Promise<ScoredCompletion>;
  /** Milliseconds. */
  clock(): number;
}

/** A macrotask passes; then the task goes on, or stops if that was asked for. */
export async function breathe(host: Pausable): Promise<void> {
  await host.breathe();
  host.signal.throwIfAborted();
}
