/**
 * All that a run must remember between two steps, beside what its learner holds: with it, the weights
 * and the optimizer's moments a resumed run repeats the uninterrupted one bit for bit on the same backend, also inside a rollout
 * batch. There is no generator state: draws are functions of the seed and of the counters here.
 */
import * as v from 'valibot';
import { StudioError } from '../../protocol';
import type { NamedArray } from '../files';
import type { Rollout, RolloutBatch } from './batch';
import type { Learner } from './learner';

export interface TrainingState {
  /** Optimizer updates done. */
  step: number;
  /** Rollout batches sampled. */
  rolloutBatches: number;
  /** Rollouts sampled: the serial number of the next one. */
  rollouts: number;
  /** Cases visited, over all passes. */
  promptCursor: number;
  /** Tokens of all prompts and completions sampled (TRL's `num_tokens`). */
  tokens: number;
  /** The last rollout batch, used up or not. */
  batch: RolloutBatch | null;
}

export function initialState(): TrainingState {
  return { step: 0, rolloutBatches: 0, rollouts: 0, promptCursor: 0, tokens: 0, batch: null };
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const tokenIds = v.pipe(v.array(count), v.minLength(1));
const batchSchema = v.object({
  temperature: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  used: count,
  miniBatches: v.pipe(v.array(v.pipe(v.array(count), v.minLength(1))), v.minLength(1)),
  rollouts: v.pipe(
    v.array(
      v.object({
        promptTokens: tokenIds,
        completionTokens: tokenIds,
        truncated: v.boolean(),
        advantage: v.pipe(v.number(), v.finite()),
      }),
    ),
    v.minLength(1),
  ),
});
const stateSchema = v.object({
  version: v.literal(1),
  step: count,
  rolloutBatches: count,
  rollouts: count,
  promptCursor: count,
  tokens: count,
  batch: v.nullable(batchSchema),
});

/** Numbers of a state beside its tensors; to be kept as exact JSON (`checkpoint/exact-json`). */
type StateJson = v.InferOutput<typeof stateSchema>;

export interface CapturedState {
  readonly json: StateJson;
  readonly tensors: readonly NamedArray[];
}

/** Log-probs lie one rollout after the other, without padding. */
const TENSORS = {
  m: 'optimizer.m',
  v: 'optimizer.v',
  oldLogprobs: 'rollouts.old_logprobs',
  referenceLogprobs: 'rollouts.reference_logprobs',
} as const;

/** A copy on the CPU, with the learner's moments; both go on. */
export async function captureState(
  state: TrainingState,
  learner: Pick<Learner, 'moments'>,
): Promise<CapturedState> {
  const { batch, ...counters } = state;
  const { m, v } = await learner.moments();
  const tensors: NamedArray[] = [
    { name: TENSORS.m, shape: [m.length], data: m },
    { name: TENSORS.v, shape: [v.length], data: v },
  ];
  if (batch !== null) {
    tensors.push(
      vector(
        TENSORS.oldLogprobs,
        batch.rollouts.map(({ oldLogprobs }) => oldLogprobs),
      ),
    );
    const references = batch.rollouts.map(({ referenceLogprobs }) => referenceLogprobs);
    if (references.every((reference) => reference !== null))
      tensors.push(vector(TENSORS.referenceLogprobs, references));
  }
  return {
    json: { version: 1, ...counters, batch: batch && batchJson(batch) },
    tensors,
  };
}

/**
 * A captured state, read back from disk; its moments go to the learner. Throws `state-invalid`, with
 * the learner as it was, unless the parts fit together and the moments the learner.
 */
export function restoreState(
  json: unknown,
  tensors: readonly NamedArray[],
  learner: Pick<Learner, 'layout' | 'restoreMoments'>,
): TrainingState {
  const parsed = v.safeParse(stateSchema, json);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(v.getDotPath(issue) ?? 'state', issue.message);
  }
  const { version: _, batch, ...counters } = parsed.output;
  const data = new Map(tensors.map((tensor) => [tensor.name, tensor.data]));
  const { size } = learner.layout;
  const moments = { m: sized(data, TENSORS.m, size), v: sized(data, TENSORS.v, size) };
  const state = { ...counters, batch: batch && restoreBatch(batch, data) };
  learner.restoreMoments(moments);
  return state;
}

function batchJson({ temperature, used, miniBatches, rollouts }: RolloutBatch): StateJson['batch'] {
  return {
    temperature,
    used,
    miniBatches: miniBatches.map((rows) => [...rows]),
    rollouts: rollouts.map(({ promptTokens, completionTokens, truncated, advantage }) => ({
      promptTokens: [...promptTokens],
      completionTokens: [...completionTokens],
      truncated,
      advantage,
    })),
  };
}

function restoreBatch(
  { temperature, used, miniBatches, rollouts }: NonNullable<StateJson['batch']>,
  data: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
): RolloutBatch {
  if (used > miniBatches.length)
    throw invalid('batch.used', `expected at most ${miniBatches.length}, received ${used}`);
  const outside = miniBatches.flat().find((row) => row >= rollouts.length);
  if (outside !== undefined)
    throw invalid('batch.miniBatches', `expected rollouts below ${rollouts.length}, received ${outside}`);

  const tokens = rollouts.reduce((sum, { completionTokens }) => sum + completionTokens.length, 0);
  const old = sized(data, TENSORS.oldLogprobs, tokens);
  const reference = data.has(TENSORS.referenceLogprobs)
    ? sized(data, TENSORS.referenceLogprobs, tokens)
    : null;
  let start = 0;
  const restored = rollouts.map((rollout): Rollout => {
    const end = start + rollout.completionTokens.length;
    const own = {
      oldLogprobs: old.slice(start, end),
      referenceLogprobs: reference?.slice(start, end) ?? null,
    };
    start = end;
    return { ...rollout, ...own };
  });
  return { temperature, used, miniBatches, rollouts: restored };
}

function vector(name: string, parts: readonly Float32Array[]): NamedArray {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  for (const part of parts) {
    data.set(part, start);
    start += part.length;
  }
  return { name, shape: [data.length], data };
}

function sized(
  data: ReadonlyMap<string, Float32Array<ArrayBuffer>>,
  name: string,
  size: number,
): Float32Array<ArrayBuffer> {
  const values = data.get(name);
  if (values?.length !== size)
    throw invalid(name, `expected ${size} values, received ${values?.length ?? 'none'}`);
  return values;
}

function invalid(path: string, fault: string): StudioError {
  return new StudioError({
    boundary: 'storage',
    code: 'state-invalid',
    message: `The training state of the checkpoint, ${path}: ${fault}.`,
    action: 'Resume from another checkpoint; this one was changed or damaged after it was written.',
  });
}
