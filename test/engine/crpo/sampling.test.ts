import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SamplingSettings } from '../../../src/engine/crpo/learner';
import { greedyToken, markSeen, sampleToken, seenTokens } from '../../../src/engine/crpo/sampling';
import { uniform } from '../../../src/engine/random';
import { vectors } from './vectors';

const PLAIN: SamplingSettings = { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 };

/** Shares of the tokens over `draws` draws. */
function shares(
  logits: Float32Array,
  settings: SamplingSettings,
  draws: number,
  seen?: Uint32Array,
): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  for (let draw = 0; draw < draws; draw++)
    counts[sampleToken(logits, settings, uniform(3, 'sampling', draw), seen).token]!++;
  return counts.map((count) => count / draws);
}

describe('log-probs', () => {
  it.each(vectors.log_softmax_entropy)(
    'are the log-softmax at temperature $temperature',
    ({ logits, temperature, log_softmax }) => {
      for (const [row, values] of logits.entries()) {
        // Both ends of the unit interval and what lies between reach every token that can be drawn.
        for (let step = 0; step < 200; step++) {
          const { token, logprob } = sampleToken(
            Float32Array.from(values),
            { ...PLAIN, temperature },
            step / 200,
          );
          // The logits are rounded to float32 before the sampler sees them: 0.1 is off by 1.5e-9.
          expect(logprob).toBeCloseTo(log_softmax[row]![token]!, 7);
        }
      }
    },
  );

  it('are of the whole distribution, whatever top-k and top-p cut off', () => {
    const logits = Float32Array.of(2, 1, 0, -1);
    const whole = sampleToken(logits, PLAIN, 0);
    expect(sampleToken(logits, { ...PLAIN, topK: 1 }, 0.9)).toEqual(whole);
    expect(sampleToken(logits, { ...PLAIN, topP: 0.1 }, 0.9)).toEqual(whole);
    expect(sampleToken(logits, { ...PLAIN, minP: 0.9 }, 0.9)).toEqual(whole);
    // 2 / 1.5 is above 1 still, so u = 0 draws the first token: its log-prob is that of the logit 2.
    const seen = seenTokens(4, [0]);
    expect(sampleToken(logits, { ...PLAIN, repetitionPenalty: 1.5 }, 0, seen)).toEqual(whole);
  });
});

describe('draws', () => {
  // e^ln4 : e^ln3 : e^ln2 : e^ln1 = 4 : 3 : 2 : 1
  const logits = Float32Array.of(Math.log(4), Math.log(3), Math.log(2), Math.log(1));

  it('invert the cumulative distribution in order of token id', () => {
    const at = (u: number) => sampleToken(logits, PLAIN, u).token;
    expect([0, 0.39, 0.41, 0.69, 0.71, 0.89, 0.91, 1 - 2 ** -24].map(at)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('come in the softmax’s shares', () => {
    // 20,000 draws: the deviation of a share is at most √(0.25 / 20,000) = 0.0035.
    for (const [token, share] of shares(logits, PLAIN, 20_000).entries())
      expect(Math.abs(share - (4 - token) / 10)).toBeLessThan(5 * 0.0035);
  });

  it('sharpen with the temperature', () => {
    // At T = 0.5 the weights are squared: 16 : 9 : 4 : 1.
    const [first] = shares(logits, { ...PLAIN, temperature: 0.5 }, 20_000);
    expect(Math.abs(first! - 16 / 30)).toBeLessThan(5 * 0.0035);
  });

  it('keep the k most likely', () => {
    const received = shares(logits, { ...PLAIN, topK: 2 }, 20_000);
    expect(received.slice(2)).toEqual([0, 0]);
    expect(Math.abs(received[0]! - 4 / 7)).toBeLessThan(5 * 0.0035);
  });

  it('keep the fewest that reach p', () => {
    // Shares 0.4, 0.3, 0.2, 0.1: 0.65 needs two, 0.75 needs three.
    expect(shares(logits, { ...PLAIN, topP: 0.65 }, 500).map((share) => share > 0)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(shares(logits, { ...PLAIN, topP: 0.75 }, 500).map((share) => share > 0)).toEqual([
      true,
      true,
      true,
      false,
    ]);
    // After top-k 2 the shares are 4/7 and 3/7: 0.5 needs only the first.
    expect(shares(logits, { ...PLAIN, topK: 2, topP: 0.5 }, 500).map((share) => share > 0)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('keep those at least so many times as likely as the first', () => {
    // Times as likely as the first: 1, 0.75, 0.5, 0.25. In float32 they are those but for 1e-7.
    const received = (minP: number, more = {}) =>
      shares(logits, { ...PLAIN, minP, ...more }, 500).map((share) => share > 0);
    expect(received(0.2)).toEqual([true, true, true, true]);
    expect(received(0.4)).toEqual([true, true, true, false]);
    expect(received(0.6)).toEqual([true, true, false, false]);
    expect(received(1)).toEqual([true, false, false, false]);
    // At T = 0.5: 1, 0.5625, 0.25, 0.0625.
    expect(received(0.4, { temperature: 0.5 })).toEqual([true, true, false, false]);
    // After top-k 2; the share of the first does not matter.
    expect(received(0.4, { topK: 2 })).toEqual([true, true, false, false]);
  });

  it('weaken what was seen before the temperature', () => {
    const row = Float32Array.of(2, 2, -1, -1, 0);
    const received = shares(
      row,
      { ...PLAIN, temperature: 2, repetitionPenalty: 2 },
      20_000,
      seenTokens(5, [1, 3, 4]),
    );
    // Logits 2, 1, −1, −2, 0, halved by the temperature.
    const weights = [2, 1, -1, -2, 0].map((logit) => Math.exp(logit / 2));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (const [token, share] of received.entries())
      expect(Math.abs(share - weights[token]! / sum)).toBeLessThan(5 * 0.0035);
  });

  it('refuse a repetition penalty that does not know what was seen', () => {
    expect(() => sampleToken(logits, { ...PLAIN, repetitionPenalty: 1.1 }, 0.5)).toThrow(/^internal: /);
  });

  it('let equal tokens into the last places by id', () => {
    const equal = Float32Array.of(0, 1, 0, 0);
    expect(shares(equal, { ...PLAIN, topK: 2 }, 500).map((share) => share > 0)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('never hit a forbidden token', () => {
    const forbidden = Float32Array.of(Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY);
    for (const u of [0, 0.5, 1 - 2 ** -24])
      expect(sampleToken(forbidden, PLAIN, u)).toEqual({ token: 1, logprob: 0 });
  });

  it('agree with a plain sort-and-scan for any row', () => {
    const settings = fc.record({
      temperature: fc.constantFrom(0.3, 1, 2),
      topK: fc.integer({ min: 0, max: 9 }),
      topP: fc.constantFrom(0.2, 0.7, 0.95, 1),
      minP: fc.constantFrom(0, 0.05, 0.5, 1),
      repetitionPenalty: fc.constantFrom(1, 1.3),
    });
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -6, max: 6, noNaN: true }), { minLength: 1, maxLength: 8 }),
        settings,
        fc.nat(999),
        fc.nat(255),
        (values, setting, thousandths, seen) => {
          const row = Float32Array.from(values);
          const u = (thousandths + 0.5) / 1000;
          const bits = Uint32Array.of(seen);
          expect(sampleToken(row, setting, u, bits).token).toBe(plainSample(row, setting, u, seen));
        },
      ),
      { seed: 20251200, numRuns: 500 },
    );
  });
});

/** The same rule written another way: sort by likelihood, cut, put back in order, scan. */
function plainSample(row: Float32Array, settings: SamplingSettings, u: number, seen: number): number {
  const { temperature, topK, topP, minP, repetitionPenalty } = settings;
  const scores = Array.from(row, (value, token) => {
    if (repetitionPenalty === 1 || Math.floor(seen / 2 ** token) % 2 === 0) return value;
    return Math.fround(
      value > 0 ? value * Math.fround(1 / repetitionPenalty) : value * Math.fround(repetitionPenalty),
    );
  });
  const weights = scores.map((value) => Math.exp((value - Math.max(...scores)) / temperature));
  let kept = weights
    .map((weight, token) => ({ weight, token }))
    .sort((a, b) => b.weight - a.weight || a.token - b.token);
  if (topK > 0) kept = kept.slice(0, topK);
  const sum = (items: readonly { weight: number }[]): number =>
    items.reduce((total, { weight }) => total + weight, 0);
  if (topP < 1) {
    const total = sum(kept);
    let size = 1;
    while (size < kept.length && sum(kept.slice(0, size)) < topP * total) size++;
    kept = kept.slice(0, size);
  }
  kept = kept.filter(({ weight }) => weight >= minP * kept[0]!.weight);
  kept.sort((a, b) => a.token - b.token);
  const target = u * sum(kept);
  let reached = 0;
  return (
    kept.find(({ weight }) => {
      reached += weight;
      return reached > target;
    }) ?? kept.at(-1)!
  ).token;
}

describe('the set of seen tokens', () => {
  it('has a bit per token', () => {
    const seen = seenTokens(65, [0, 31, 32, 64, 0]);
    expect([...seen]).toEqual([2 ** 31 + 1, 1, 1]);
    markSeen(seen, 33);
    expect([...seen]).toEqual([2 ** 31 + 1, 3, 1]);
  });
});

describe('greedyToken', () => {
  it('takes the lowest id among equals', () => {
    expect(greedyToken(Float32Array.of(1, 3, 3, 2))).toBe(1);
  });

  it.each([
    ['NaN', [0, Number.NaN, 1]],
    ['NaN first', [Number.NaN, 0, 1]],
    ['+Infinity', [0, Number.POSITIVE_INFINITY]],
    ['nothing but −Infinity', [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ['both infinities', [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]],
  ])('refuses %s by name', (_name, values) => {
    expect(() => greedyToken(Float32Array.from(values))).toThrow(/not finite/);
    expect(() => sampleToken(Float32Array.from(values), PLAIN, 0.5)).toThrow(/not finite/);
  });
});
