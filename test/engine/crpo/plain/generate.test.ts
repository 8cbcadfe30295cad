import { expect, it } from 'vitest';
import type { GenerationProgress, GenerationSettings } from '../../../../src/engine/crpo/learner';
import { generate } from '../../../../src/engine/crpo/plain/generate';
import type { Policy } from '../../../../src/engine/policy';
import { describeOnBackends } from '../backends';
import { EOS, PAD, quietHost, tinyPolicy, VOCABULARY } from '../tiny';

const GREEDY: GenerationSettings = {
  maxTokens: 9,
  stopTokens: [EOS],
  padToken: PAD,
  sampling: null,
  draws: { seed: 1, stream: 'sampling', counters: [] },
  onProgress: () => undefined,
};

const PROMPTS = [3, 4, 5, 6].map((token) => [token, 7]);

/**
 * The policy with its logits changed: prompt `row` can only go on with the stop token at position
 * `ends[row]`, and never with it or with padding before. `kept` hears which decoder rows stay.
 */
function ending(policy: Policy, ends: readonly number[], kept: number[][] = []): Policy {
  return {
    ...policy,
    startDecoding: async (prompts) => {
      const decoder = await policy.startDecoding(prompts);
      let rows = prompts.map((_, row) => row);
      const changed = (logits: Float32Array, position: number): Float32Array =>
        logits.map((logit, index) => {
          const endsHere = ends[rows[Math.floor(index / VOCABULARY)]!] === position;
          const isSpecial = index % VOCABULARY < 2;
          if (endsHere) return index % VOCABULARY === EOS ? 0 : Number.NEGATIVE_INFINITY;
          return isSpecial ? Number.NEGATIVE_INFINITY : logit;
        });
      let position = 0;
      return {
        logits: changed(decoder.logits, 0),
        step: async (tokens) => changed(await decoder.step(tokens), ++position),
        keepRows: (remaining) => {
          kept.push([...remaining]);
          rows = remaining.map((row) => rows[row]!);
          decoder.keepRows(remaining);
        },
        dispose: () => decoder.dispose(),
      };
    },
  };
}

describeOnBackends('generate', () => {
  it('drops finished rows once half are done, and goes on with the others unchanged', async () => {
    const policy = tinyPolicy();
    const kept: number[][] = [];
    const progress: GenerationProgress[] = [];
    const ended: [number, number][] = [];
    // Row 1 ends at position 1, rows 0 and 3 at 3 and 4, row 2 runs into the limit.
    const compacted = await generate(
      ending(policy, [3, 1, 99, 4], kept),
      PROMPTS,
      {
        ...GREEDY,
        onProgress: (each) => progress.push(each),
        onEnd: (row, { tokens }) => ended.push([row, tokens.length]),
      },
      quietHost,
    );
    expect(kept).toEqual([[2, 3], [0]]);
    expect(compacted.map(({ tokens, truncated }) => [tokens.length, truncated])).toEqual([
      [4, false],
      [2, false],
      [9, true],
      [5, false],
    ]);
    expect(ended).toEqual([
      [1, 2],
      [0, 4],
      [3, 5],
      [2, 9],
    ]);
    // Four rows to position 1, three to 3, two to 4, then one.
    expect(progress.map((each) => [each.longest, each.ended, each.tokens])).toEqual([
      [1, 0, 4],
      [2, 1, 8],
      [3, 1, 11],
      [4, 2, 14],
      [5, 3, 16],
      [6, 3, 17],
      [7, 3, 18],
      [8, 3, 19],
      [9, 4, 20],
    ]);
    const whole = await generate(ending(policy, []), PROMPTS, GREEDY, quietHost);
    expect(compacted[2]!.tokens).toEqual(whole[2]!.tokens);
    for (const [t, value] of compacted[2]!.logprobs.entries())
      expect(value).toBeCloseTo(whole[2]!.logprobs[t]!, 4);
    policy.dispose();
  });

  it('takes the most likely token, with its log-prob at temperature 1', async () => {
    const policy = tinyPolicy();
    const [first] = await generate(policy, [[3, 4]], { ...GREEDY, maxTokens: 1 }, quietHost);
    const decoder = await policy.startDecoding([[3, 4]]);
    const logits = Array.from(decoder.logits);
    decoder.dispose();
    const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
    const best = logits.indexOf(Math.max(...logits));
    expect(first!.tokens).toEqual([best]);
    expect(first!.logprobs[0]).toBeCloseTo(logits[best]! - Math.log(sum), 6);
    policy.dispose();
  });

  it('penalises what the prompt holds and what the completion has said, each row its own', async () => {
    const policy = tinyPolicy();
    // So strong a penalty leaves a seen token no chance: every row says each other token once.
    const sampling = { temperature: 0.01, topK: 1, topP: 1, minP: 0, repetitionPenalty: 1e6 };
    const positive: Policy = {
      ...policy,
      startDecoding: async (prompts) => {
        const decoder = await policy.startDecoding(prompts);
        const raised = (logits: Float32Array) => logits.map((logit) => logit + 10);
        return {
          ...decoder,
          logits: raised(decoder.logits),
          step: async (tokens) => raised(await decoder.step(tokens)),
        };
      },
    };
    const prompts = [
      [3, 4],
      [5, 6, 7],
    ];
    const settings = { ...GREEDY, stopTokens: [], sampling, draws: { ...GREEDY.draws, counters: [0, 1] } };
    const said = async (maxTokens: number, penalty: number) =>
      generate(
        positive,
        prompts,
        { ...settings, maxTokens, sampling: { ...sampling, repetitionPenalty: penalty } },
        quietHost,
      );
    for (const [row, { tokens }] of (await said(VOCABULARY - 3, 1e6)).entries()) {
      expect(new Set([...prompts[row]!, ...tokens]).size).toBe(prompts[row]!.length + tokens.length);
    }
    const free = await said(VOCABULARY - 3, 1);
    expect(free.some(({ tokens }) => new Set(tokens).size < tokens.length)).toBe(true);
    policy.dispose();
  });
});
