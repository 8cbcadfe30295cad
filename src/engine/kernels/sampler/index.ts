/**
 * The next token of every row that still decodes, chosen on the device: what `crpo/sampling.ts` draws
 * from the same logits with `uniform(seed, stream, draw counter, generated)`, but in float32. The two
 * differ where the draw falls within about 1e-6 of the boundary between two tokens, or a token within
 * that of top-p's or min-p's; order and ties of the logits, and so top-k, are exact.
 */
import { StudioError } from '../../../protocol/errors';
import type { SamplingSettings } from '../../crpo/learner';
import type { Gpu, View } from '../../gpu';
import { STREAMS, type StreamName } from '../../random';
import { BLOCK, STATE_WIDTH } from '../decode-state';
import { type SamplerVariant, samplerKernel } from './webgpu';

export { BLOCK };

export interface SampleCall {
  /** [slots, stride]; what lies beyond the vocabulary may be anything. */
  readonly logits: View;
  /** u32 [slots] */
  readonly slotRow: View;
  /** i32 [rows, STATE_WIDTH]: token, generated and done change. */
  readonly state: View;
  /** i32 [stopCount], and at least 4 bytes. */
  readonly stops: View;
  /**
   * u32 [rows, ⌈vocabulary / 32⌉], a bit per token that prompt or completion hold; the token chosen is
   * added. Only with a repetition penalty.
   */
  readonly seen?: View | undefined;
  /** i32 [BLOCK, rows]: the token chosen, at [generated mod BLOCK, row]. */
  readonly tokens: View;
  /** f32 [BLOCK, rows]: its log-prob under the full softmax at the sampling temperature, nats; likewise. */
  readonly logprobs: View;
  readonly slots: number;
  readonly rows: number;
  /** V, at most 2²⁴. */
  readonly vocabulary: number;
  /** Values between rows of logits, a multiple of 4. */
  readonly stride: number;
  readonly stopCount: number;
  readonly maxTokens: number;
  /** null: the most likely token, the lowest id among equals; its log-prob is at temperature 1. */
  readonly sampling: SamplingSettings | null;
  /** uint32 */
  readonly seed: number;
  readonly stream: StreamName;
}

/** Vocabularies from here on are given more lanes. */
const LARGE = 16_384;

/**
 * One dispatch. A row ends with a stop token or with `maxTokens`; one that had ended stays as it is. Logits that
 * are NaN, +Infinity or nothing but −Infinity give token 0 with the log-prob NaN and end the row.
 */
export function sampleTokens(gpu: Gpu, call: SampleCall): void {
  const { sampling, slots, vocabulary } = call;
  check(call);
  const variant = variantOf(sampling, vocabulary);
  const { logits, slotRow, state, stops, tokens, logprobs, seen } = call;
  const { temperature = 1, topK = 0, topP = 1, minP = 0, repetitionPenalty = 1 } = sampling ?? {};
  gpu.run(
    samplerKernel(variant),
    { logits, slotRow, state, stops, tokens, logprobs, ...(seen && { seen }) },
    {
      slots,
      rows: call.rows,
      vocabulary,
      strideQuads: call.stride / 4,
      stopCount: call.stopCount,
      maxTokens: call.maxTokens,
      inverseTemperature: 1 / temperature,
      penalty: repetitionPenalty,
      inversePenalty: 1 / repetitionPenalty,
      topK,
      topP,
      minPDistance: temperature * Math.log(minP || 1),
      seed: call.seed,
      stream: STREAMS[call.stream],
    },
    slots,
    costOf(variant, slots, vocabulary),
  );
}

function variantOf(sampling: SamplingSettings | null, vocabulary: number): SamplerVariant {
  const lanes = vocabulary >= LARGE ? 256 : 64;
  if (sampling === null)
    return { lanes, choice: 'greedy', penalty: false, topK: false, topP: false, minP: false };
  return {
    lanes,
    choice: 'draw',
    penalty: sampling.repetitionPenalty !== 1,
    topK: sampling.topK > 0 && sampling.topK < vocabulary,
    topP: sampling.topP < 1,
    minP: sampling.minP > 0,
  };
}

/** Bisection takes about as many rounds as the vocabulary has bits, and some more. */
function costOf({ penalty, topK, topP }: SamplerVariant, slots: number, vocabulary: number) {
  const rounds = Math.ceil(Math.log2(vocabulary)) + 4;
  const passes = 3 + Number(penalty) + rounds * (Number(topK) + Number(topP));
  const values = slots * vocabulary;
  return { multiplyAdds: 2 * passes * values, bytes: passes * values * 4 + slots * (4 * STATE_WIDTH + 12) };
}

function check({ stride, vocabulary, sampling, seen }: SampleCall): void {
  if (stride % 4 !== 0 || stride < vocabulary || vocabulary < 1 || vocabulary > 2 ** 24)
    throw internal(`a vocabulary of ${vocabulary} at a stride of ${stride}`);
  if (sampling !== null && sampling.repetitionPenalty !== 1 && seen === undefined)
    throw internal('a repetition penalty without the tokens seen so far');
}

function internal(what: string): StudioError {
  return new StudioError({ boundary: 'internal', code: 'sampling', message: `internal: ${what}.` });
}
