/**
 * Policies that hack: the released rule pays them in full, the clinical objectives hardly. On real
 * MedQA rows where they are beside the project, and always on the starter clinic's.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { presetRewards } from '../../../src/engine/rewards/presets';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import type { ClinicalCase } from '../../../src/protocol';
import { read } from '../data/support';
import { scoring } from './fixtures';
import { FURTHER, type HackingPolicy, KNOWN_LIMITS, SPECIFIED } from './hacking-policies';

const REAL = new URL('../../../../shared/datasets/medqa_dev_400.jsonl', import.meta.url);
const STARTER = new URL('../../../public/starter/cases.jsonl', import.meta.url);
/** Cases per policy; HACKING_CASES=400 takes every row. */
const LIMIT = Number(process.env.HACKING_CASES ?? 200);

async function casesOf(file: URL): Promise<readonly ClinicalCase[]> {
  const { cases } = await read(readFileSync(file, 'utf8'));
  return cases.filter(({ answer }) => answer !== null).slice(0, LIMIT);
}

/** A later case with another answer: two patients with one illness may well share their reasoning. */
function otherPatient(index: number, cases: readonly ClinicalCase[]): ClinicalCase {
  const options = Object.values(cases[index]!.options);
  const others = [...cases.slice(index + 7), ...cases.slice(0, index)];
  return others.find((other) => !options.includes(other.options[other.answer!]!))!;
}

interface Earnings {
  readonly released: number;
  /** integrity × (citation + faithfulness + rejection), what does not apply counted as 0; the mean. */
  readonly grounded: number;
  readonly clinical: number;
}

function earnings(policy: HackingPolicy, cases: readonly ClinicalCase[]): Earnings {
  const sums = { released: 0, grounded: 0, clinical: 0 };
  for (const [index, own] of cases.entries()) {
    const completion = policy.write(own, otherPatient(index, cases));
    const input = scoring(completion, { case: own, tags: 'dx' });
    const { rewards, reward } = scoreCompletion(input, presetRewards('clinical'));
    const { citation, faithfulness, rejection, integrity } = rewards;
    sums.grounded += integrity! * ((citation ?? 0) + (faithfulness ?? 0) + (rejection ?? 0));
    sums.clinical += reward!;
    sums.released += scoreCompletion(input, presetRewards('released')).reward!;
  }
  const mean = (sum: number) => sum / cases.length;
  return { released: mean(sums.released), grounded: mean(sums.grounded), clinical: mean(sums.clinical) };
}

describe.each([
  ['real MedQA rows', REAL, 0.1],
  // A world of 24 conditions, whose patients share findings.
  ['the starter clinic', STARTER, 0.15],
] as const)('on %s', async (name, file, little) => {
  if (!existsSync(file)) {
    const count = SPECIFIED.length + FURTHER.length + KNOWN_LIMITS.length;
    it.skip(`${count} policies not run: ${name} are not beside the project`, () => {});
    return;
  }
  const cases = await casesOf(file);
  const table: Record<string, Record<keyof Earnings, string>> = {};
  const earned = (policy: HackingPolicy): Earnings => {
    const { released, grounded, clinical } = earnings(policy, cases);
    table[policy.name] = {
      released: released.toFixed(2),
      grounded: grounded.toFixed(3),
      clinical: clinical.toFixed(2),
    };
    return { released, grounded, clinical };
  };
  afterAll(() => console.table(table));

  it.each(SPECIFIED)(`$name earns at most ${little}, and 11.5 to 12 by the released rule`, (policy) => {
    const { released, grounded } = earned(policy);
    expect(released).toBeGreaterThanOrEqual(11.49);
    expect(released).toBeLessThanOrEqual(12);
    expect(grounded).toBeLessThanOrEqual(little);
  });

  it.each(FURTHER)(`$name earns at most ${little}`, (policy) => {
    expect(earned(policy).grounded).toBeLessThanOrEqual(little);
  });

  it.each(KNOWN_LIMITS)('$name is not seen through, yet does not earn all of 3', (policy) => {
    const { grounded } = earned(policy);
    expect(grounded).toBeGreaterThan(0.05);
    expect(grounded).toBeLessThan(2.5);
  });
});
