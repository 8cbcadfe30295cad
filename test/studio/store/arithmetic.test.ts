import { describe, expect, it } from 'vitest';
import { objectivesOf, rewardParts, weightOf } from '../../../src/studio/store/arithmetic';
import { clinicalObjectives, clinicalRewards, clinicalRollout, clinicalScored } from '../records';

const record = clinicalRollout(0);
const rows = (changes: Parameters<typeof rewardParts>[0], now: Parameters<typeof rewardParts>[3]) =>
  rewardParts(changes, clinicalObjectives, clinicalRewards, now);
const row = (parts: ReturnType<typeof rewardParts>, name: string) =>
  parts.find(({ objective }) => objective.name === name)!;

describe('rewardParts', () => {
  it('keeps the record’s own parts, what counts first', () => {
    const parts = rows(record, null);
    expect(parts.map(({ objective, contribution }) => [objective.name, contribution])).toEqual([
      ['accuracy', 10],
      ['format', 1.5],
      ['language', 0.5],
      ['faithfulness', 0.2],
      ['support', null],
      ['integrity', null],
    ]);
    // Without the text scored now nothing is known of the gate, and nothing is claimed.
    expect(
      parts.every(({ gate, inherits, changed }) => gate === null && inherits === 1 && changed === null),
    ).toBe(true);
  });

  it('explains a part by the gate and by weight that others left', () => {
    const parts = rows(record, clinicalScored());
    // 0.2 = weight 0.6 · value 0.5 · gate 0.5 · (0.6 + 0.2) / 0.6
    expect(row(parts, 'faithfulness')).toMatchObject({ weight: 0.6, value: 0.5, gate: 0.5, changed: null });
    expect(row(parts, 'faithfulness').inherits).toBeCloseTo(0.8 / 0.6, 12);
    expect(row(parts, 'accuracy')).toMatchObject({ gate: null, inherits: 1 });
  });

  it('claims no inheritance where the gate is closed', () => {
    const closed = clinicalScored({
      gate: { wellFormed: false, boxes: 1, integrity: 0.5, factor: 0 },
      contributions: { accuracy: 10, format: 1.5, language: 0.5, faithfulness: 0 },
    });
    const parts = rows(clinicalRollout(0, { contributions: closed.contributions }), closed);
    expect(row(parts, 'faithfulness')).toMatchObject({ gate: 0, inherits: 1, contribution: 0 });
  });

  it('tells a changed value from changed weights, and explains neither by the factors of now', () => {
    const otherRule = clinicalScored({ rewards: { ...record.rewards, faithfulness: 0.9 } });
    expect(row(rows(record, otherRule), 'faithfulness')).toMatchObject({
      changed: 'value',
      gate: null,
      inherits: 1,
    });
    const otherWeight = clinicalScored({ contributions: { ...record.contributions, accuracy: 5 } });
    expect(row(rows(record, otherWeight), 'accuracy')).toMatchObject({ changed: 'weight', inherits: 1 });
    const gone = clinicalScored({ rewards: { accuracy: 1 } });
    expect(row(rows(record, gone), 'format').changed).toBe('value');
  });

  it('takes differences within rounding as none', () => {
    const rounded = clinicalScored({ rewards: { ...record.rewards, faithfulness: 0.5 + 1e-9 } });
    expect(row(rows(record, rounded), 'faithfulness').changed).toBeNull();
  });

  it('shows a record of before parts were kept', () => {
    const { contributions: _, ...old } = record;
    const parts = rows(old as typeof record, null);
    expect(parts.map(({ contribution }) => contribution)).toEqual(parts.map(() => null));
    expect(row(parts, 'accuracy')).toMatchObject({ weight: 10, value: 1 });
  });
});

describe('a run’s objectives', () => {
  const custom = [
    {
      name: 'hedges',
      match: { kind: 'terms', terms: ['perhaps'] },
      where: 'reasoning',
      cap: 3,
      weight: -0.5,
    },
  ] as const;

  it('are the built-in ones and the user’s own', () => {
    const names = objectivesOf(clinicalObjectives, custom).map(({ name, aim }) => `${name} ${aim}`);
    expect(names.at(-1)).toBe('hedges custom');
    expect(names.length).toBe(clinicalObjectives.length + 1);
  });

  it('have their weight from the preset or from their declaration', () => {
    const rewards = { ...clinicalRewards, custom };
    expect(['accuracy', 'hedges', 'integrity'].map((name) => weightOf(name, rewards))).toEqual([10, -0.5, 0]);
    expect(weightOf('accuracy', undefined)).toBe(0);
  });
});
