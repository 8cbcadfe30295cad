import { beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import {
  casesPerBatch,
  countCases,
  type Decoding,
  type EvaluationEnvironment,
  evaluateCases,
  validateRequest,
} from '../../../src/engine/evaluation/evaluate';
import type { Decoder, Policy } from '../../../src/engine/policy';
import { presetRewards, scoreCompletion } from '../../../src/engine/rewards';
import { tf } from '../../../src/engine/tensor';
import type { Tokenizer } from '../../../src/engine/tokenizer';
import type { EvaluatedCase, EvaluationRequest } from '../../../src/protocol';
import { useBackend } from '../crpo/backends';
import { learnerOf, quietHost, tinyCases, tinyPolicy, tinyTokenizer } from '../crpo/tiny';

const WORDS = [
  '<pad>',
  '<end>',
  '<dx>Pale, tired.</dx>',
  '<conclusion>Anaemia, ',
  '\\boxed{A}',
  '\\boxed{B}',
  '\\boxed{Z}',
  '</conclusion>',
  ' and ',
];
const ANSWERED = (box: number): number[] => [2, 3, box, 7, 1];

/** What the scripted policy says to case 0, 1, 2, …; the gold letter is always A. */
const SCRIPTS: readonly (readonly number[])[] = [
  ANSWERED(4), // right: 10 · 1 + 1.5 + 0.5 = 12
  ANSWERED(5), // wrong
  ANSWERED(6), // a letter that is no option
  [8, 8, 1], // no box
  [8, 8, 8, 8, 8, 8, 8, 8], // never stops
  [4, 4, 1], // two boxes
];

const tokenizer: Tokenizer = {
  vocabularySize: WORDS.length,
  eosTokenIds: [1],
  eosToken: '<end>',
  padTokenId: 0,
  // A prompt is one token, the case's number; case 5 has a long one.
  encode: (text) => {
    const number = Number(/case (\d+)/.exec(text)![1]);
    return number === 5 ? new Array(60).fill(5) : [number];
  },
  decode: (ids) => ids.map((id) => WORDS[id]).join(''),
  offsets: () => [],
  renderChat: (messages) => messages.map(({ content }) => content).join('\n'),
};

/** Logits 1 for the script's next token and 0 elsewhere, as the policy's decoder gives them. */
function scriptedDecoder(prompts: readonly (readonly number[])[]): Decoder {
  let rows = prompts.map(([number]) => SCRIPTS[number!]!);
  let position = 0;
  const logits = () => {
    const values = new Float32Array(rows.length * WORDS.length);
    rows.forEach((script, row) => {
      values[row * WORDS.length + (script[position] ?? 0)] = 1;
    });
    return values;
  };
  return {
    logits: logits(),
    step: async () => {
      position++;
      return logits();
    },
    keepRows: (kept) => {
      rows = kept.map((row) => rows[row]!);
    },
    dispose: () => undefined,
  };
}

const policy = learnerOf({
  config: { maxPositions: 64 },
  startDecoding: async (prompts: readonly (readonly number[])[]) => scriptedDecoder(prompts),
} as unknown as Policy);

const config = {
  ...defaultConfig(),
  rewards: presetRewards('released'),
  // A character is a token of the tiny policy, so a longer message would leave no room.
  prompt: { ...defaultConfig().prompt, system: '' },
  sampling: { ...defaultConfig().sampling, promptsPerBatch: 1, groupSize: 2, maxCompletionTokens: 8 },
};

function environment(count: number, changes: Partial<EvaluationEnvironment> = {}): EvaluationEnvironment {
  return {
    ...quietHost,
    config,
    policy,
    tokenizer,
    cases: {
      count,
      at: async (index) => ({
        id: `${index}`,
        line: index + 1,
        question: `case ${index}`,
        options: { A: 'anaemia', B: 'flu' },
        answer: 'A',
      }),
    },
    score: async (input, rewards) => scoreCompletion(input, rewards),
    onTokens: () => undefined,
    ...changes,
  };
}

const GREEDY: Decoding = { samples: 1, temperature: 1 };

async function evaluated(
  environment: EvaluationEnvironment,
  decoding = GREEDY,
  from = 0,
): Promise<EvaluatedCase[]> {
  const cases: EvaluatedCase[] = [];
  for await (const batch of evaluateCases(environment, decoding, { from, total: environment.cases.count }))
    cases.push(...batch);
  return cases;
}

const withBatches = (promptsPerBatch: number) => ({
  config: { ...config, sampling: { ...config.sampling, promptsPerBatch } },
});

describe('evaluateCases', () => {
  it('reads every answer, says why it cannot, and scores it by the rules that train', async () => {
    const samples = (await evaluated(environment(6))).map((each) => each.samples[0]!);
    expect(samples.map(({ outcome, answer, correct }) => [outcome, answer, correct])).toEqual([
      ['valid', 'A', true],
      ['valid', 'B', false],
      ['not-an-option', null, false],
      ['no-box', null, false],
      ['no-box', null, false],
      ['no-room', null, false], // 60 tokens and 8 more do not fit into 64
    ]);
    // Four tokens and the stop token; the limit of 8; nothing at all.
    expect(samples.map(({ tokens }) => tokens)).toEqual([5, 5, 5, 3, 8, 0]);
    expect(samples.map(({ truncated }) => truncated)).toEqual([false, false, false, false, true, true]);
    // The released rule: 10 · accuracy + 1.5 for tags and one box + 0.5 for English.
    expect(samples.slice(0, 5).map(({ reward }) => reward)).toEqual([12, 2, 2, 0.5, 0.5]);
    expect(samples[0]!.rewards).toMatchObject({ accuracy: 1, format: 1.5, language: 1 });
  });

  it('tells several boxes from one that is not closed, and from one without a letter', async () => {
    const say = async (completion: string) => {
      const decode = () => completion;
      const [only] = await evaluated(environment(1, { tokenizer: { ...tokenizer, decode } }));
      return only!.samples[0]!.outcome;
    };
    expect(await say('\\boxed{A} \\boxed{A}')).toBe('several-boxes');
    expect(await say('\\boxed{A')).toBe('box-not-closed');
    expect(await say('\\boxed{flu}')).toBe('not-a-letter');
  });

  it('reads an open question by its normalised text', async () => {
    const open = { id: 'o', line: 1, question: 'case 0', options: {}, answer: null, openAnswer: 'The  Flu' };
    const say = async (completion: string) => {
      const [only] = await evaluated(
        environment(1, {
          tokenizer: { ...tokenizer, decode: () => completion },
          cases: { count: 1, at: async () => open },
        }),
      );
      const { outcome, answer, correct } = only!.samples[0]!;
      return [outcome, answer, correct];
    };
    expect(await say('\\boxed{flu}')).toEqual(['valid', 'flu', true]);
    expect(await say('\\boxed{Measles}')).toEqual(['valid', 'measles', false]);
    expect(await say('\\boxed{}')).toEqual(['not-a-letter', null, false]);
  });

  it('agrees with itself in batches of any size, and yields each batch', async () => {
    const all = await evaluated(environment(5));
    const sizes: number[] = [];
    for await (const batch of evaluateCases(environment(5), GREEDY, { from: 0, total: 5 }))
      sizes.push(batch.length);
    expect(sizes).toEqual([2, 2, 1]);
    expect(await evaluated(environment(5, withBatches(4)))).toEqual(all);
    expect(await evaluated(environment(5), GREEDY, 2)).toEqual(all.slice(2));
    expect(all.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4]);
  });

  it('tells how many tokens it made', async () => {
    let made = 0;
    await evaluated(environment(5, { onTokens: (tokens) => (made += tokens) }));
    expect(made).toBe(5 + 5 + 5 + 3 + 8);
  });

  it('stops when it is asked to, and when an objective throws', async () => {
    let passes = 0;
    const signal = {
      throwIfAborted: () => {
        if (++passes === 3) throw new Error('paused by the test');
      },
    };
    await expect(evaluated(environment(5, { signal }))).rejects.toThrow('paused by the test');
    const score = () => Promise.reject(new Error('broken rule'));
    await expect(evaluated(environment(5, { score }))).rejects.toThrow('broken rule');
  });
});

describe('casesPerBatch', () => {
  it('keeps whole cases together', () => {
    const four = withBatches(2); // 2 prompts · 2 completions
    expect([1, 2, 3, 4, 5, 64].map((samples) => casesPerBatch(four, samples))).toEqual([4, 2, 1, 1, 1, 1]);
  });
});

describe('countCases', () => {
  it('stays within the limit, and refuses nothing', () => {
    expect([countCases(5, null), countCases(5, 3), countCases(5, 100)]).toEqual([5, 3, 5]);
    for (const [available, limit] of [
      [0, null],
      [5, 0],
    ] as const) {
      expect(() => countCases(available, limit)).toThrowError(
        expect.objectContaining({ record: expect.objectContaining({ code: 'nothing-to-evaluate' }) }),
      );
    }
  });
});

describe('validateRequest', () => {
  const request: EvaluationRequest = {
    policy: { kind: 'current' },
    datasets: [{ datasetId: 'one', part: 'all', limit: null }],
    samples: 4,
    temperature: 0.6,
    config: defaultConfig(),
  };
  const twice = [...request.datasets, ...request.datasets];
  it.each<[string, Partial<EvaluationRequest>]>([
    ['samples', { samples: 0 }],
    ['samples', { samples: 65 }],
    ['samples', { samples: 1.5 }],
    ['temperature', { temperature: 0 }],
    ['temperature', { temperature: Number.NaN }],
    ['part', { datasets: [{ datasetId: 'one', part: 'half' as never, limit: null }] }],
    ['datasets', { datasets: [] }],
    ['datasets', { datasets: twice }],
    ['limit', { datasets: [{ datasetId: 'one', part: 'all', limit: 0 }] }],
  ])('names a wrong %s', (field, changes) => {
    expect(() => validateRequest({ ...request, ...changes })).toThrow(new RegExp(`^${field}: expected `));
  });

  it('takes a good one, whose temperature does not matter for one sample', () => {
    expect(validateRequest(request)).toEqual(request);
    expect(validateRequest({ ...request, samples: 1, temperature: 0 })).toMatchObject({ samples: 1 });
  });
});

describe('with a real policy', () => {
  beforeAll(() => useBackend('wasm'));

  const real = (changes: Partial<EvaluationEnvironment> = {}) =>
    environment(5, {
      policy: learnerOf(tinyPolicy()),
      tokenizer: tinyTokenizer,
      cases: tinyCases,
      ...changes,
    });
  const texts = (cases: readonly EvaluatedCase[]) =>
    cases.map(({ samples }) => samples.map(({ completion }) => completion));
  const four: Decoding = { samples: 4, temperature: 1 };

  it('is deterministic and leaves nothing behind', async () => {
    const first = await evaluated(real());
    const once = real();
    const before = tf.memory().numTensors;
    expect(await evaluated(once)).toEqual(first);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('samples by counters: neither batches, nor more samples, nor other cases change a completion', async () => {
    const sampled = texts(await evaluated(real(), four));
    expect(new Set(sampled.flat()).size).toBeGreaterThan(10); // of 20: not all the same
    expect(texts(await evaluated(real(withBatches(9)), four))).toEqual(sampled);
    const two = texts(await evaluated(real(), { ...four, samples: 2 }));
    expect(two).toEqual(sampled.map((samples) => samples.slice(0, 2)));
    expect(texts(await evaluated(real(), four, 3))).toEqual(sampled.slice(3));
    const onlyLast = { count: 1, at: () => tinyCases.at(4) };
    expect(texts(await evaluated(real({ cases: onlyLast }), four))).toEqual(sampled.slice(4));
    const otherSeed = { config: { ...config, seed: 2 } };
    expect(texts(await evaluated(real(otherSeed), four))).not.toEqual(sampled);
  });
});
