/**
 * Rollout on the device: every distinct prompt goes through the model once and its keys and values are
 * shared by all completions of it; then a recorded step is replayed token by token, sampling
 * included, and up to 16 tokens of every row come back in one readback. Rows that have ended leave
 * the grid: slots are renumbered, no cache moves.
 */

import { GrowingCompletions } from '../crpo/completions';
import { breathe, type Pausable } from '../crpo/environment';
import type { Completion, GenerationSettings } from '../crpo/learner';
import { nonFiniteLogits } from '../crpo/sampling';
import type { Gpu, Recording, View, Workspace } from '../gpu';
import { storePromptCache } from '../kernels/decode-attention';
import { BLOCK, STATE, STATE_WIDTH } from '../kernels/decode-state';
import { embed } from '../kernels/embedding';
import { type SharedPrompts, shareEqual } from '../policy/shared-prompts';
import { type DecodeBuffers, headAndSample, recordStep, type SamplerSettings } from './decode';
import { type Context, forwardLayers, giveActivations } from './model';
import { packPrompts, uploadAll } from './pack';
import type { FusedPolicy } from './policy';

/** Tokens of prompts that go through the model together: bounds the memory of prefill. */
const PREFILL_TOKENS = 4096;
/** Label of the KV cache's buffers. */
const CACHE = 'kv';
/** Own positions at first; doubled when they are used up. */
const FIRST_CAPACITY = 64;

export async function generate(
  policy: FusedPolicy,
  prompts: readonly (readonly number[])[],
  settings: GenerationSettings,
  host: Pausable,
): Promise<Completion[]> {
  const { workspace } = policy.device;
  workspace.trim(); // what an update left: a rollout's buffers have other sizes
  const shared = shareEqual(prompts);
  const longest = Math.max(...prompts.map(({ length }) => length));
  const context = policy.context(longest + settings.maxTokens);
  const run = new Rollout(policy, context, shared, settings);
  try {
    await run.prefill(host);
    return await run.decode(host);
  } finally {
    run.dispose();
    workspace.trim();
  }
}

class Rollout {
  readonly #policy: FusedPolicy;
  readonly #context: Context;
  readonly #gpu: Gpu;
  readonly #workspace: Workspace;
  readonly #prompts: SharedPrompts;
  readonly #settings: GenerationSettings;
  readonly #sampler: SamplerSettings;
  readonly #completions: GrowingCompletions;
  /** Last hidden state of each distinct prompt, [prompts, D]. */
  readonly #lastHidden: View;
  #buffers: DecodeBuffers;
  #recording: Recording | null = null;

  constructor(policy: FusedPolicy, context: Context, prompts: SharedPrompts, settings: GenerationSettings) {
    const { gpu, workspace, dimensions: d } = context;
    this.#policy = policy;
    this.#context = context;
    this.#gpu = gpu;
    this.#workspace = workspace;
    this.#prompts = prompts;
    this.#settings = settings;
    const { sampling, draws, maxTokens } = settings;
    const { seed, stream } = draws;
    this.#sampler = { sampling, seed, stream, maxTokens, stopCount: settings.stopTokens.length };
    const rows = prompts.rowOf.length;
    this.#completions = new GrowingCompletions(rows, settings);
    const capacity = Math.min(maxTokens, FIRST_CAPACITY);
    const promptTokens = prompts.distinct.reduce((sum, { length }) => sum + length, 0);
    const position = 2 * d.keyValueHeads * d.headWidth;
    const penalized = sampling !== null && sampling.repetitionPenalty !== 1;
    const perLayer = (values: number) =>
      Array.from({ length: d.layers }, () => workspace.take(values, CACHE));
    this.#lastHidden = workspace.take(prompts.distinct.length * d.width);
    this.#buffers = {
      ...{ rows, capacity },
      slotRow: workspace.take(rows),
      state: workspace.take(rows * STATE_WIDTH),
      stops: workspace.take(Math.max(1, settings.stopTokens.length)),
      seen: penalized ? workspace.take(rows * seenWords(d.vocabulary)) : undefined,
      tokens: workspace.take(rows * BLOCK),
      logprobs: workspace.take(rows * BLOCK),
      x: workspace.take(rows * d.width),
      qkv: workspace.take(rows * d.qkvWidth),
      attended: workspace.take(rows * d.queryWidth),
      middle: workspace.take(rows * d.width),
      hidden: workspace.take(rows * d.mlpWidth),
      logits: workspace.take(rows * d.logitStride),
      promptCaches: perLayer(promptTokens * position),
      ownCaches: perLayer(rows * capacity * position),
    };
  }

  /** Distinct prompts through the model, some at a time. */
  async prefill(host: Pausable): Promise<void> {
    const { distinct } = this.#prompts;
    let start = 0;
    let firstRow = 0;
    while (start < distinct.length) {
      let end = start;
      let tokens = 0;
      do tokens += distinct[end++]!.length;
      while (end < distinct.length && tokens + distinct[end]!.length <= PREFILL_TOKENS);
      await this.#prefillPart(start, end, firstRow, host);
      start = end;
      firstRow += tokens;
    }
  }

  async decode(host: Pausable): Promise<Completion[]> {
    const { maxTokens } = this.#settings;
    this.#writeState();
    let slots = this.#prompts.rowOf.map((_, row) => row);
    this.#gpu.write(this.#buffers.slotRow, Uint32Array.from(slots));
    this.#sampleFirst(slots);
    for (let read = 0, sampled = 1; ; read = sampled) {
      const block = Math.min(read + BLOCK, maxTokens);
      this.#ensureCapacity(block, slots);
      for (; sampled < block; sampled++) {
        this.#gpu.replay(this.#recordedFor(slots.length));
        await this.#policy.device.turn(host);
      }
      await this.#readBlock(slots, read, sampled);
      await breathe(host);
      const alive = slots.filter((row) => !this.#completions.hasEnded(row));
      if (alive.length === 0) return this.#completions.all();
      if (alive.length < slots.length) {
        slots = alive;
        this.#forgetRecording();
        this.#gpu.write(this.#buffers.slotRow, Uint32Array.from(slots));
      }
    }
  }

  dispose(): void {
    this.#forgetRecording();
    const { promptCaches, ownCaches, seen, rows: _, capacity: __, ...views } = this.#buffers;
    this.#workspace.give(...Object.values(views), ...promptCaches, ...ownCaches, this.#lastHidden);
    if (seen !== undefined) this.#workspace.give(seen);
  }

  async #prefillPart(start: number, end: number, firstRow: number, host: Pausable): Promise<void> {
    const context = this.#context;
    const { gpu, workspace, dimensions: d } = context;
    const prompts = this.#prompts.distinct.slice(start, end);
    const { rows, ids, segments, pairs } = packPrompts(prompts);
    const { whole, views } = uploadAll(gpu, workspace, { ids, segments });
    const inputs = { rows, pairs, ...views };
    const { weights } = this.#policy;
    const position = 2 * d.keyValueHeads * d.headWidth;
    const part = workspace.take(rows * position);
    const x = await forwardLayers(context, weights, inputs, host, (activations, layer) => {
      storePromptCache(gpu, {
        ...{ qkv: activations.qkv, promptCache: part, tokens: rows, heads: d.heads },
        ...{ keyValueHeads: d.keyValueHeads, headWidth: d.headWidth },
      });
      gpu.copy(part, this.#buffers.promptCaches[layer]!, rows * position, 0, firstRow * position);
      giveActivations(context, activations);
      workspace.give(activations.x);
    });
    let last = -1;
    prompts.forEach(({ length }, index) => {
      last += length;
      gpu.copy(x, this.#lastHidden, d.width, last * d.width, (start + index) * d.width);
    });
    workspace.give(x, part, whole);
  }

  #writeState(): void {
    const { distinct, rowOf } = this.#prompts;
    const starts: number[] = [];
    let row = 0;
    for (const { length } of distinct) {
      starts.push(row);
      row += length;
    }
    const state = new Int32Array(rowOf.length * STATE_WIDTH);
    rowOf.forEach((prompt, index) => {
      const first = index * STATE_WIDTH;
      state[first + STATE.promptStart] = starts[prompt]!;
      state[first + STATE.promptLength] = distinct[prompt]!.length;
      state[first + STATE.draw] = this.#settings.draws.counters[index]!;
    });
    const { buffers, gpu } = { buffers: this.#buffers, gpu: this.#gpu };
    gpu.write(buffers.state, state);
    if (this.#settings.stopTokens.length > 0)
      gpu.write(buffers.stops, Int32Array.from(this.#settings.stopTokens));
    if (buffers.seen !== undefined) gpu.write(buffers.seen, this.#seenInPrompts());
  }

  #seenInPrompts(): Uint32Array<ArrayBuffer> {
    const words = seenWords(this.#context.dimensions.vocabulary);
    const { distinct, rowOf } = this.#prompts;
    const seen = new Uint32Array(rowOf.length * words);
    rowOf.forEach((prompt, row) => {
      for (const token of distinct[prompt]!) seen[row * words + (token >>> 5)]! |= 1 << (token & 31);
    });
    return seen;
  }

  /** The first token comes from the prompts' last hidden states. */
  #sampleFirst(slots: readonly number[]): void {
    const { gpu, workspace, dimensions: d } = this.#context;
    const ids = workspace.take(slots.length);
    gpu.write(
      ids,
      Int32Array.from(slots, (row) => this.#prompts.rowOf[row]!),
    );
    embed(gpu, { table: this.#lastHidden, ids, y: this.#buffers.x, rows: slots.length, width: d.width });
    headAndSample(this.#context, this.#policy.weights, this.#buffers, slots.length, this.#sampler);
    workspace.give(ids);
  }

  #recordedFor(slots: number): Recording {
    this.#recording ??= recordStep(this.#context, this.#policy.weights, this.#buffers, slots, this.#sampler);
    return this.#recording;
  }

  #forgetRecording(): void {
    this.#recording?.dispose();
    this.#recording = null;
  }

  /** Room for the keys and values of the first `positions` − 1 own tokens; those of rows that have ended are dropped. */
  #ensureCapacity(positions: number, slots: readonly number[]): void {
    const { ownCaches, capacity, rows } = this.#buffers;
    if (positions <= capacity) return;
    const grown = Math.min(this.#settings.maxTokens, 2 * capacity);
    const { keyValueHeads, headWidth } = this.#context.dimensions;
    const row = 2 * keyValueHeads * headWidth;
    const larger = ownCaches.map((old) => {
      const cache = this.#workspace.take(rows * grown * row, CACHE);
      for (const slot of slots)
        this.#gpu.copy(old, cache, capacity * row, slot * capacity * row, slot * grown * row);
      this.#workspace.give(old);
      return cache;
    });
    this.#forgetRecording();
    this.#buffers = { ...this.#buffers, ownCaches: larger, capacity: grown };
    this.#workspace.trim();
  }

  /** Positions [from, to) of every slot's row. */
  async #readBlock(slots: readonly number[], from: number, to: number): Promise<void> {
    const { rows, tokens, logprobs } = this.#buffers;
    const [tokenBytes, logprobBytes] = await this.#gpu.read(tokens, logprobs);
    const ids = new Int32Array(tokenBytes!);
    const values = new Float32Array(logprobBytes!);
    for (const row of slots) {
      for (let position = from; position < to && !this.#completions.hasEnded(row); position++) {
        const at = (position % BLOCK) * rows + row;
        if (!Number.isFinite(values[at])) throw nonFiniteLogits();
        this.#completions.append(row, ids[at]!, values[at]!);
      }
    }
    this.#completions.report();
  }
}

function seenWords(vocabulary: number): number {
  return Math.ceil(vocabulary / 32);
}
