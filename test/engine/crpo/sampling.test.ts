import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { greedyToken, sampleToken } from '../../../src/engine/crpo/sampling';
import { uniform } from '../../../src/engine/random';
import { vectors } from './vectors';

const PLAIN = { temperature: 1, topK: 0, topP: 1 };

/** Shares of the tokens over `draws` draws. */
function shares(logits: Float32Array, settings: typeof PLAIN, draws: number): number[] {
  const counts = new Array<number>(logits.length).fill(0);
  for (let draw = 0; draw < draws; draw++)
    counts[sampleToken(logits, settings, uniform(3, 'sampling', draw)).token]!++;
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
    });
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -6, max: 6, noNaN: true }), { minLength: 1, maxLength: 8 }),
        settings,
        fc.nat(999),
        (values, setting, thousandths) => {
          const row = Float32Array.from(values);
          const u = (thousandths + 0.5) / 1000;
          expect(sampleToken(row, setting, u).token).toBe(plainSample(row, setting, u));
        },
      ),
      { seed: 20251200, numRuns: 500 },
    );
  });
});

/** The same rule written another way: sort by likelihood, cut, put back in order, scan. */
function plainSample(row: Float32Array, { temperature, topK, topP }: typeof PLAIN, u: number): number {
  const weights = Array.from(row, (value) => Math.exp((value - Math.max(...row)) / temperature));
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
