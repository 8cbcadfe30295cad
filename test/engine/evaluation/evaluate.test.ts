import { beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { type EvaluationEnvironment, evaluate } from '../../../src/engine/evaluation/evaluate';
import type { Decoder, Policy } from '../../../src/engine/policy';
import { scoreCompletion } from '../../../src/engine/rewards';
import { tf } from '../../../src/engine/tensor';
import type { Tokenizer } from '../../../src/engine/tokenizer';
import type { EvaluationRecord } from '../../../src/protocol';
import { useBackend } from '../crpo/backends';
import { quietHost, tinyCases, tinyPolicy, tinyTokenizer } from '../crpo/tiny';

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

const policy = {
  config: { maxPositions: 64 },
  startDecoding: async (prompts: readonly (readonly number[])[]) => scriptedDecoder(prompts),
} as unknown as Policy;

const config = {
  ...defaultConfig(),
  sampling: { ...defaultConfig().sampling, promptsPerBatch: 1, groupSize: 2, maxCompletionTokens: 8 },
};

function environment(
  count: number,
  progress: [number, number, EvaluationRecord][] = [],
): EvaluationEnvironment {
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
    score: scoreCompletion,
    onProgress: (done, total, partial) => progress.push([done, total, partial]),
  };
}

const task = { datasetName: 'Scripted', step: 3, limit: null };

describe('evaluate', () => {
  it('counts what is right, parsable and cut off, over all cases', async () => {
    const record = await evaluate(environment(5), task);
    expect(record).toMatchObject({
      datasetName: 'Scripted',
      step: 3,
      total: 5,
      correct: 1,
      parsable: 2,
      truncated: 1,
    });
    // Four tokens and the stop token three times, 3, and the limit of 8.
    expect(record.meanTokens).toBeCloseTo((5 + 5 + 5 + 3 + 8) / 5, 12);
    // Accuracy 1, 0, 0 (Z is a wrong letter), 0, 0; format 1.5 for the three with tags and one box.
    expect(record.objectives.accuracy).toBeCloseTo(1 / 5, 12);
    expect(record.objectives.format).toBeCloseTo(4.5 / 5, 12);
    // The released rule: (12 + 2 + 2 + 0.5 + 0.5) / 5.
    expect(record.reward).toBeCloseTo(17 / 5, 12);
  });

  it('agrees with itself in batches of any size, and tells of each batch', async () => {
    const progress: [number, number, EvaluationRecord][] = [];
    const record = await evaluate(environment(5, progress), task);
    expect(progress.map(([done, total]) => [done, total])).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ]);
    expect(progress[0]![2]).toMatchObject({ total: 2, correct: 1, parsable: 2 });
    expect(progress.at(-1)![2]).toEqual(record);
    const atOnce = environment(5);
    expect(
      await evaluate(
        { ...atOnce, config: { ...config, sampling: { ...config.sampling, promptsPerBatch: 4 } } },
        task,
      ),
    ).toEqual(record);
  });

  it('counts a case whose prompt leaves no room as unanswered', async () => {
    // 60 tokens and 8 more do not fit into 64.
    const record = await evaluate(environment(6), task);
    expect(record).toMatchObject({ total: 6, correct: 1, parsable: 2, truncated: 2 });
    expect(record.meanTokens).toBeCloseTo(26 / 6, 12);
  });

  it('stays within its limit', async () => {
    expect(await evaluate(environment(5), { ...task, limit: 1 })).toMatchObject({ total: 1, correct: 1 });
    expect(await evaluate(environment(5), { ...task, limit: 100 })).toMatchObject({ total: 5 });
  });

  it('refuses to evaluate nothing', async () => {
    for (const limit of [0, null])
      await expect(evaluate(environment(limit === null ? 0 : 5), { ...task, limit })).rejects.toMatchObject({
        record: { boundary: 'data', code: 'nothing-to-evaluate' },
      });
  });

  it('stops when it is cancelled, and when an objective throws', async () => {
    let passes = 0;
    const signal = {
      throwIfAborted: () => {
        if (++passes === 3) throw new Error('cancelled by the test');
      },
    };
    await expect(evaluate({ ...environment(5), signal }, task)).rejects.toThrow('cancelled by the test');
    const score = () => {
      throw new Error('broken rule');
    };
    await expect(evaluate({ ...environment(5), score }, task)).rejects.toThrow('broken rule');
  });
});

describe('with a real policy', () => {
  beforeAll(() => useBackend('wasm'));

  it('is deterministic and leaves nothing behind', async () => {
    const real = tinyPolicy();
    const run = () =>
      evaluate({ ...environment(5), policy: real, tokenizer: tinyTokenizer, cases: tinyCases }, task);
    const first = await run();
    const before = tf.memory().numTensors;
    expect(await run()).toEqual(first);
    expect(tf.memory().numTensors).toBe(before);
    expect(first).toMatchObject({ total: 5, parsable: 0, correct: 0 });
    real.dispose();
  });
});
