import { describe, expect, it } from 'vitest';
import { duration, etaSeconds, stepLine, trendTable } from '../../../scripts/headless/report.mjs';

describe('stepLine', () => {
  it('says step, reward, objectives, kl, speed and what is left', () => {
    const metrics = {
      reward: 0.5,
      'rewards/accuracy/mean': 0.25,
      'rewards/format/mean': 1,
      kl: 0.00001234,
      tokens_per_second: 812.4,
    };
    const context = { step: 3, steps: 120, objectives: ['accuracy', 'format', 'language'], etaSeconds: 300 };
    expect(stepLine(metrics, context)).toBe(
      'step   3/120  reward 0.500  accuracy 0.250  format 1.000  kl 1.2e-5  812 tokens/s  ETA 5 min',
    );
  });

  it('leaves out what a step does not have', () => {
    expect(
      stepLine({ reward: 1, kl: 0 }, { step: 1, steps: 1, objectives: ['accuracy'], etaSeconds: null }),
    ).toBe('step 1/1  reward 1.000  kl 0.000');
  });
});

describe('etaSeconds', () => {
  const step = (step_time: number) => ({ step_time });

  it('multiplies the median step by what is left, so that the slow first step does not count', () => {
    // Sorted 2, 2, 3, 60; the element at floor(4/2) is 3; 3 s × 10 steps.
    expect(etaSeconds([step(60), step(2), step(3), step(2)], 10)).toBe(30);
  });

  it('looks at the last twenty only', () => {
    const past = [...Array.from({ length: 50 }, () => step(9)), ...Array.from({ length: 20 }, () => step(1))];
    expect(etaSeconds(past, 7)).toBe(7);
  });

  it('is silent without steps or at the end', () => {
    expect(etaSeconds([], 10)).toBeNull();
    expect(etaSeconds([step(1)], 0)).toBeNull();
  });
});

describe('duration', () => {
  it('has the unit a person would choose', () => {
    expect([0.2, 59, 61, 3599, 3600, 5400].map(duration)).toEqual([
      '1 s',
      '59 s',
      '1 min',
      '1 h 0 min',
      '1 h 0 min',
      '1 h 30 min',
    ]);
  });
});

describe('trendTable', () => {
  it('compares the first and the last five steps and says that this is no evaluation', () => {
    // Rewards 1 … 12: (1+2+3+4+5)/5 = 3 and (8+9+10+11+12)/5 = 10.
    const steps = Array.from({ length: 12 }, (_, index) => ({
      reward: index + 1,
      'rewards/accuracy/mean': 0,
    }));
    const table = trendTable(steps) ?? '';
    expect(table).toContain('not an evaluation');
    expect(table).toMatch(/first 5 steps\s+last 5 steps/);
    expect(table).toMatch(/mean reward\s+3\.000\s+10\.000/);
  });

  it('never lets the two ends overlap', () => {
    expect(trendTable([{ reward: 1 }, { reward: 2 }, { reward: 4 }])).toMatch(
      /mean reward\s+1\.000\s+4\.000/,
    );
    expect(trendTable([{ reward: 1 }])).toBeNull();
  });
});
