/**
 * A policy on the cases of a dataset, batch by batch: one greedy completion per case, or several
 * sampled ones, scored by the same rules that train it. Every case counts, also one that cannot be
 * answered: a prompt that leaves no room for a completion in the policy's context has empty ones.
 *
 * A sampled token is a function of seed, the case's line, the sample and its position alone, and a
 * batch always begins at the same case. So an evaluation that is stopped and goes on with the batch
 * it was in gives the same completions, and more samples per case keep the earlier ones.
 */
import {
  type ClinicalCase,
  type DatasetPart,
  type EvaluatedCase,
  type EvaluatedSample,
  type EvaluationRequest,
  StudioError,
} from '../../protocol';
import type { Pausable, StepEnvironment } from '../crpo/environment';
import type { Completion, FrozenPolicy, GenerationSettings } from '../crpo/learner';
import { renderPrompt } from '../crpo/prompts';
import { completionText } from '../crpo/score';
import { validateConfig } from '../crpo/settings';
import { judge } from './answer';

export interface EvaluationEnvironment
  extends Pausable,
    Pick<StepEnvironment, 'config' | 'tokenizer' | 'cases' | 'score'> {
  readonly policy: FrozenPolicy;
  /** Called as often as tokens are made, with how many since the last call. */
  onTokens(tokens: number): void;
}

export type Decoding = Pick<EvaluationRequest, 'samples' | 'temperature'>;

/** The samples of a case take one counter each, so that one more sample moves none of the others. */
export const MAX_SAMPLES = 64;

const PARTS: readonly DatasetPart[] = ['all', 'train', 'held-out'];

/** A request from outside, with a complete config; throws `evaluation-invalid` or `config-invalid`. */
export function validateRequest(request: EvaluationRequest): EvaluationRequest {
  const { datasets, samples, temperature } = request;
  if (!Number.isInteger(samples) || samples < 1 || samples > MAX_SAMPLES) {
    throw invalidRequest('samples', `a whole number from 1 to ${MAX_SAMPLES}`, samples);
  }
  if (samples > 1 && !(temperature > 0 && temperature <= 10)) {
    throw invalidRequest('temperature', 'a number above 0 and at most 10', temperature);
  }
  if (datasets.length === 0) throw invalidRequest('datasets', 'at least one', 0);
  const seen = new Set<string>();
  for (const { datasetId, part, limit } of datasets) {
    const key = `${part} of ${datasetId}`;
    if (!PARTS.includes(part)) throw invalidRequest('part', `one of ${PARTS.join(', ')}`, part);
    if (seen.has(key)) throw invalidRequest('datasets', 'each dataset and part once', key);
    seen.add(key);
    if (limit !== null && !(Number.isInteger(limit) && limit >= 1)) {
      throw invalidRequest('limit', 'a whole number above 0, or none', limit);
    }
  }
  return { ...request, config: validateConfig(request.config) };
}

function invalidRequest(field: string, expected: string, received: unknown): StudioError {
  return new StudioError({
    boundary: 'protocol',
    code: 'evaluation-invalid',
    message: `${field}: expected ${expected}, received ${JSON.stringify(received)}.`,
    action: 'Correct it, then evaluate again.',
  });
}

/** Cases of a batch: at most as many completions at once as in training, but at least one whole case. */
export function casesPerBatch({ config }: Pick<EvaluationEnvironment, 'config'>, samples: number): number {
  return Math.max(1, Math.floor(rowsAtOnce(config) / samples));
}

/**
 * The cases `from` … `total` − 1, a batch at a time; `from` is where a batch begins. Throws what an
 * objective throws, and the signal's reason.
 */
export async function* evaluateCases(
  environment: EvaluationEnvironment,
  decoding: Decoding,
  { from, total }: { readonly from: number; readonly total: number },
): AsyncGenerator<readonly EvaluatedCase[]> {
  const size = casesPerBatch(environment, decoding.samples);
  for (let start = from; start < total; start += size) {
    const indices = Array.from({ length: Math.min(size, total - start) }, (_, row) => start + row);
    const cases = await Promise.all(indices.map((index) => environment.cases.at(index)));
    const prompts = cases.map((each) => renderPrompt(each, environment.config.prompt, environment.tokenizer));
    const samples = await answerAll(environment, decoding, cases, prompts);
    yield cases.map((clinicalCase, row) => ({
      index: start + row,
      case: clinicalCase,
      prompt: prompts[row]!.text,
      promptTokens: prompts[row]!.tokens.length,
      samples: samples[row]!,
    }));
  }
}

/** How many cases there are to evaluate. @throws StudioError `nothing-to-evaluate` for none */
export function countCases(available: number, limit: number | null): number {
  const total = Math.min(available, limit ?? available);
  if (total > 0) return total;
  throw new StudioError({
    boundary: 'data',
    code: 'nothing-to-evaluate',
    message: 'Expected at least one labelled case to evaluate, received none.',
    action: 'Choose a dataset, and a part of it, with gold answers, and a limit above 0.',
  });
}

/** One completion under way. */
interface Row {
  readonly case: ClinicalCase;
  readonly sample: number;
  readonly tokens: readonly number[];
}

type RenderedPrompt = ReturnType<typeof renderPrompt>;

async function answerAll(
  environment: EvaluationEnvironment,
  { samples, temperature }: Decoding,
  cases: readonly ClinicalCase[],
  prompts: readonly RenderedPrompt[],
): Promise<EvaluatedSample[][]> {
  const { config, policy } = environment;
  const rows = cases.flatMap((clinicalCase, index) =>
    Array.from({ length: samples }, (_, sample) => ({
      case: clinicalCase,
      sample,
      tokens: prompts[index]!.tokens,
    })),
  );
  const longest = policy.config.maxPositions - config.sampling.maxCompletionTokens;
  const fitting = rows.filter(({ tokens }) => tokens.length <= longest);
  const completions = new Map<Row, Completion>();
  for (let start = 0; start < fitting.length; start += rowsAtOnce(config)) {
    const slice = fitting.slice(start, start + rowsAtOnce(config));
    const settings = generationSettings(environment, slice, samples === 1 ? null : temperature);
    const made = await policy.generate(
      slice.map(({ tokens }) => tokens),
      settings,
      environment,
    );
    for (const [index, row] of slice.entries()) completions.set(row, made[index]!);
  }
  const judged = await Promise.all(rows.map((row) => judgeRow(environment, row, completions.get(row))));
  return cases.map((_, index) => judged.slice(index * samples, (index + 1) * samples));
}

/** `temperature` null: greedy. */
function generationSettings(
  { config, tokenizer, onTokens }: EvaluationEnvironment,
  rows: readonly Row[],
  temperature: number | null,
): GenerationSettings {
  let told = 0;
  return {
    maxTokens: config.sampling.maxCompletionTokens,
    stopTokens: tokenizer.eosTokenIds,
    padToken: tokenizer.padTokenId,
    sampling: temperature === null ? null : { ...config.sampling, temperature },
    draws: {
      seed: config.seed,
      stream: 'evaluation',
      counters: rows.map(({ case: { line }, sample }) => line * MAX_SAMPLES + sample),
    },
    onProgress({ tokens }) {
      onTokens(tokens - told);
      told = tokens;
    },
  };
}

/** A row without a completion had no room for one. */
async function judgeRow(
  { config, tokenizer, score }: EvaluationEnvironment,
  row: Row,
  completion: Completion | undefined,
): Promise<EvaluatedSample> {
  const { tokens, truncated } = completion ?? { tokens: [], truncated: true };
  const sample = await judge({ config, eos: tokenizer.eosToken, score }, row.case, {
    completion: completionText(tokens, truncated, tokenizer),
    tokens: tokens.length,
    truncated,
  });
  return completion === undefined ? { ...sample, outcome: 'no-room' } : sample;
}

function rowsAtOnce({ sampling }: EvaluationEnvironment['config']): number {
  return sampling.promptsPerBatch * sampling.groupSize;
}
