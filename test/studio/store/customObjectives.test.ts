import { describe, expect, it } from 'vitest';
import { validateCustom } from '../../../src/engine/rewards/custom-definition';
import { CUSTOM_LIMITS, type CustomObjective, StudioError } from '../../../src/protocol';
import {
  customChanges,
  customListProblem,
  customProblems,
  definitionOf,
  emptyForm,
  formOf,
  freeName,
  refusedField,
} from '../../../src/studio/store/customObjectives';

const hedging: CustomObjective = {
  name: 'hedging',
  match: { kind: 'terms', terms: ['maybe', 'it is possible'] },
  where: 'reasoning',
  cap: 4,
  weight: -0.5,
};
const cites: CustomObjective = {
  ...hedging,
  name: 'cites',
  match: { kind: 'pattern', pattern: 'cite[sd]?' },
};
const nobody: ReadonlySet<string> = new Set();
const problems = (changes: object) => Object.fromEntries(customProblems({ ...hedging, ...changes }, nobody));

describe('form and definition', () => {
  it('are the same thing, there and back', () => {
    for (const definition of [hedging, cites]) expect(definitionOf(formOf(definition))).toEqual(definition);
  });

  it('reads lines, spaces and decimal commas as people write them', () => {
    const form = { ...emptyForm, name: ' a ', terms: ' maybe \n\n perhaps\n', cap: ' 3 ', weight: '-0,5' };
    expect(definitionOf(form)).toEqual({
      name: 'a',
      match: { kind: 'terms', terms: ['maybe', 'perhaps'] },
      where: 'reasoning',
      cap: 3,
      weight: -0.5,
    });
    expect(definitionOf({ ...form, cap: '' }).cap).toBeNaN();
    const pattern = definitionOf({ ...form, kind: 'pattern', pattern: ' a ' });
    expect(pattern.match).toEqual({ kind: 'pattern', pattern: ' a ' }); // a space is part of a pattern
  });
});

describe('customProblems', () => {
  it.each<[object, object]>([
    [{}, {}],
    [{ name: '' }, { name: 'It needs a name.' }],
    [{ name: 'two words' }, { name: 'A letter first, then letters, digits, - or _.' }],
    [{ name: 'x'.repeat(41) }, { name: 'At most 40 characters.' }],
    [{ name: 'valueOf' }, { name: 'This name cannot be used.' }],
    [{ match: { kind: 'pattern', pattern: '' } }, { match: 'It needs a pattern.' }],
    [{ match: { kind: 'pattern', pattern: 'x'.repeat(1001) } }, { match: 'At most 1000 characters.' }],
    [{ match: { kind: 'terms', terms: [] } }, { match: 'It needs at least one term.' }],
    [
      { match: { kind: 'terms', terms: Array(501).fill('a') } },
      { match: 'At most 500 terms; these are 501.' },
    ],
    [{ match: { kind: 'terms', terms: ['a', 'x'.repeat(101)] } }, { match: 'Term 2: 1 to 100 characters.' }],
    [{ match: null }, { match: 'A pattern, or terms.' }],
    [{ where: 'prompt' }, { where: 'One of: response, reasoning, conclusion.' }],
    [{ cap: 0 }, { cap: 'At least 1.' }],
    [{ cap: 2.5 }, { cap: 'A whole number.' }],
    [{ cap: '3' }, { cap: 'This needs a number.' }],
    [
      { cap: 1001, weight: 100.5 },
      { cap: 'At most 1000.', weight: 'At most 100.' },
    ],
    [{ weight: Number.POSITIVE_INFINITY }, { weight: 'This needs a number.' }],
  ])('%j', (changes, expected) => {
    expect(problems(changes)).toEqual(expected);
  });

  it('refuses a taken name', () => {
    expect(customProblems(hedging, new Set(['hedging'])).get('name')).toBe(
      'There is already an objective “hedging”.',
    );
  });

  it('agrees with the engine about what is within bounds', () => {
    const engineTakes = (definition: object) => {
      try {
        validateCustom([definition]);
        return true;
      } catch (thrown) {
        if (thrown instanceof StudioError) return false;
        throw thrown;
      }
    };
    const { cap, weight, name, pattern, terms, term } = CUSTOM_LIMITS;
    for (const changes of [
      ...[0, 1, cap, cap + 1, 1.5, Number.NaN].map((value) => ({ cap: value })),
      ...[-weight - 1, -weight, 0, weight, weight + 1, null].map((value) => ({ weight: value })),
      ...['a', 'a'.repeat(name), 'a'.repeat(name + 1), 'a b', '1a', 'é', 'a_b-1', ''].map((value) => ({
        name: value,
      })),
      ...[1, pattern, pattern + 1].map((length) => ({
        match: { kind: 'pattern', pattern: 'x'.repeat(length) },
      })),
      ...[0, 1, terms, terms + 1].map((length) => ({
        match: { kind: 'terms', terms: Array(length).fill('a') },
      })),
      ...[term, term + 1].map((length) => ({ match: { kind: 'terms', terms: ['a'.repeat(length)] } })),
      { match: { kind: 'glob' } },
      { where: 'prompt' },
    ]) {
      const definition = { ...hedging, ...changes };
      expect(customProblems(definition, nobody).size === 0, JSON.stringify(changes).slice(0, 60)).toBe(
        engineTakes(definition),
      );
    }
  });
});

describe('customListProblem', () => {
  it.each<[unknown, string | null]>([
    [[], null],
    [[hedging, cites], null],
    ['x', 'This needs a list of objectives.'],
    [null, 'This needs a list of objectives.'],
    [Array(21).fill(hedging), 'At most 20 objectives.'],
    [[hedging, hedging], 'hedging, name: There is already an objective “hedging”.'],
    [[hedging, { ...cites, cap: -1 }], 'cites, cap: At least 1.'],
    [[hedging, 7], '2, name: It needs a name.'],
    [[{ ...hedging, name: 5 }], '1, name: It needs a name.'],
  ])('%j', (list, problem) => {
    expect(customListProblem(list)).toBe(problem);
  });
});

describe('refusedField', () => {
  const refusal = (changes: object) => {
    try {
      validateCustom([{ ...hedging, ...changes }]);
    } catch (thrown) {
      if (thrown instanceof StudioError) return refusedField(thrown.record);
    }
    return undefined;
  };

  it('finds the control that the engine’s words belong to', () => {
    expect(refusal({ match: { kind: 'pattern', pattern: '(a' } })).toEqual([
      'match',
      'Expected a regular expression in RE2 syntax; missing closing ): `(a`. Correct it. RE2 has no ' +
        'lookahead, lookbehind or backreferences, and repeats at most 1,000 times.',
    ]);
    expect(refusal({ match: { kind: 'terms', terms: ['-'] } })?.[0]).toBe('match');
    expect(refusal({ name: '7' })?.[0]).toBe('name');
    expect(refusal({ cap: 0 })?.[0]).toBe('cap');
    const message = 'rewards.custom.hedging.match.pattern: too large';
    expect(refusedField({ boundary: 'protocol', code: 'config-invalid', message })).toEqual([
      'match',
      'Too large.',
    ]);
  });

  it('leaves other errors alone', () => {
    const message = 'rewards.custom[0].name: x';
    expect(refusedField({ boundary: 'protocol', code: 'scorer-worker-stopped', message })).toBeNull();
    expect(refusedField({ boundary: 'protocol', code: 'config-invalid', message: 'seed: x' })).toBeNull();
  });
});

describe('freeName', () => {
  it('counts up, within the longest name', () => {
    expect(freeName('a', new Set(['a']))).toBe('a-2');
    expect(freeName('a', new Set(['a', 'a-2', 'a-3']))).toBe('a-4');
    expect(freeName('x'.repeat(40), nobody)).toBe(`${'x'.repeat(38)}-2`);
  });
});

describe('customChanges', () => {
  it.each<[readonly CustomObjective[], readonly CustomObjective[], string]>([
    [[], [hedging, cites], '+ hedging, + cites'],
    [[hedging, cites], [cites], '− hedging'],
    [[hedging], [{ ...hedging, weight: 2 }], 'hedging: weight -0.5 → 2'],
    [[hedging], [{ ...hedging, weight: 2, cap: 1 }], 'hedging: edited'],
    [[hedging, cites], [cites, hedging], 'another order'],
  ])('from %j to %j', (from, to, expected) => {
    expect(customChanges(from, to)).toBe(expected);
  });
});
