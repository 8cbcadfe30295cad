/**
 * Attention of one new token per row over its prompt and its completion so far, with what surrounds it.
 *
 * Caches of a layer hold rotated keys and the values, position by position:
 *   promptCache [promptRows, K, 2, C]      a prompt once, for all completions of its group
 *   ownCache    [rows, capacity, K, 2, C]  the completion of each row
 */
import { StudioError } from '../../../protocol/errors';
import type { Gpu, View } from '../../gpu';
import { quadsOf } from '../quads';
import {
  type AttentionVariant,
  COPY_LANES,
  chunkOf,
  type DecodeAttentionVariant,
  decodeAttentionKernel,
  embedTokensKernel,
  storePromptCacheKernel,
} from './webgpu';

export { DECODE_ATTENTION_VARIANTS, type DecodeAttentionVariant } from './webgpu';

/** H, K (divides H) and C (a multiple of 4). */
export type DecodeHeads = AttentionVariant;

export interface StorePromptCacheCall extends DecodeHeads {
  /** [tokens, (H + 2K)·C]: of prefill, keys rotated */
  readonly qkv: View;
  /** [promptRows, K, 2, C], written from its first row on */
  readonly promptCache: View;
  readonly tokens: number;
}

/** promptCache[t] = keys and values of qkv[t]. One dispatch. */
export function storePromptCache(gpu: Gpu, call: StorePromptCacheCall): void {
  const { qkv, promptCache, tokens, heads, keyValueHeads } = call;
  checkHeads(call);
  const quads = quadsOf(call.headWidth);
  const count = tokens * keyValueHeads * 2 * quads;
  gpu.run(
    storePromptCacheKernel(),
    { qkv, promptCache },
    {
      count,
      keyHeads: keyValueHeads,
      quads,
      strideQuads: (heads + 2 * keyValueHeads) * quads,
      firstQuad: heads * quads,
    },
    Math.ceil(count / COPY_LANES),
    { multiplyAdds: 0, bytes: 32 * count },
  );
}

export interface DecodeAttentionCall extends DecodeHeads {
  /** [slots, (H + 2K)·C], not rotated */
  readonly qkv: View;
  /** [positions, C/2] of (cosine, sine), as `rope` has it */
  readonly table: View;
  /** u32 [slots] */
  readonly slotRow: View;
  /** i32 [rows, STATE_WIDTH]; `generated` ≥ 1 */
  readonly state: View;
  /** [promptRows, K, 2, C] */
  readonly promptCache: View;
  /** [rows, capacity, K, 2, C]: the token's key and value are written at position generated − 1 */
  readonly ownCache: View;
  /** Positions per row of ownCache. */
  readonly capacity: number;
  /** [slots, H·C]: Σ softmax(q·k/√C)·v */
  readonly out: View;
  readonly slots: number;
  /** Positions that a slot attends to, for the count of work alone; unless told, the capacity. */
  readonly positions?: number;
  /** What suits the device (`tuning.ts`); `wide` unless told. They differ in their last bits. */
  readonly variant?: DecodeAttentionVariant;
}

/**
 * Rotates the token's queries and key by position promptLength + generated − 1, stores its key and value, and
 * attends to the prompt and to own positions 0 … generated − 1. Rows that have ended change nothing,
 * and their `out` stays what it was. One dispatch.
 */
export function decodeAttention(gpu: Gpu, call: DecodeAttentionCall): void {
  const { qkv, table, slotRow, state, promptCache, ownCache, out } = call;
  const { slots, capacity, heads, keyValueHeads, headWidth, positions = capacity } = call;
  checkHeads(call);
  const chunk = chunkOf(call);
  const chunks = Math.ceil(heads / keyValueHeads / chunk);
  const pairs = slots * positions * headWidth;
  gpu.run(
    decodeAttentionKernel(chunk, headWidth, call.variant ?? 'wide'),
    { qkv, table, slotRow, state, promptCache, ownCache, out },
    { heads, keyHeads: keyValueHeads, quads: headWidth / 4, capacity, scale: 1 / Math.sqrt(headWidth) },
    [slots, keyValueHeads, chunks],
    {
      multiplyAdds: 2 * pairs * heads,
      bytes: 4 * (2 * pairs * keyValueHeads * chunks + slots * (2 * heads + 4 * keyValueHeads) * headWidth),
    },
  );
}

export interface EmbedTokensCall {
  /** [V, width] */
  readonly table: View;
  /** u32 [slots] */
  readonly slotRow: View;
  /** i32 [rows, STATE_WIDTH] */
  readonly state: View;
  /** [slots, width] */
  readonly x: View;
  readonly slots: number;
  /** A multiple of 4. */
  readonly width: number;
}

/** x[slot] = table[token that the slot's row feeds]. One dispatch. */
export function embedTokens(gpu: Gpu, { table, slotRow, state, x, slots, width }: EmbedTokensCall): void {
  const quads = quadsOf(width);
  const count = slots * quads;
  gpu.run(
    embedTokensKernel(),
    { table, slotRow, state, x },
    { count, quads },
    Math.ceil(count / COPY_LANES),
    { multiplyAdds: 0, bytes: 32 * count },
  );
}

function checkHeads({ heads, keyValueHeads, headWidth }: DecodeHeads): void {
  if (heads % keyValueHeads === 0 && headWidth % 4 === 0 && headWidth <= 128) return;
  throw new StudioError({
    boundary: 'internal',
    code: 'kernel-shape',
    message:
      'internal: expected key heads that divide the heads and a head width of a multiple of 4 up to 128, ' +
      `received ${heads} and ${keyValueHeads} heads of width ${headWidth}.`,
  });
}
