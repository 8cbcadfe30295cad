import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { customObjective } from '../../../src/engine/rewards/custom';
import { presetRewards } from '../../../src/engine/rewards/presets';
import { prepareResponse, type ResponseSettings } from '../../../src/engine/rewards/response';
import { scoreCompletion } from '../../../src/engine/rewards/score';
import type { CustomObjective, ScoredCase } from '../../../src/protocol';

const definition = (changes: Partial<CustomObjective> = {}): CustomObjective => ({
  name: 'hedging',
  match: { kind: 'pattern', pattern: 'maybe' },
  where: 'response',
  cap: 5,
  weight: 1,
  ...changes,
});
const pattern = (source: string, changes: Partial<CustomObjective> = {}) =>
  definition({ match: { kind: 'pattern', pattern: source }, ...changes });
const terms = (...list: string[]) => definition({ match: { kind: 'terms', terms: list } });

const settings: ResponseSettings = { tags: 'dx', eos: '<|im_end|>', addOpeningTag: false };
const someCase: ScoredCase = { question: 'Which?', options: { A: 'a', B: 'b' }, answer: 'A' };

const score = (declared: CustomObjective, completion: string, changes: Partial<ResponseSettings> = {}) =>
  customObjective(declared).score(prepareResponse(completion, { ...settings, ...changes }), someCase)!;
const count = (declared: CustomObjective, completion: string) =>
  score(declared, completion).evidence.counts.matches;
/** What the spans of the evidence hold, in the completion as it came. */
const matched = (declared: CustomObjective, completion: string, changes: Partial<ResponseSettings> = {}) =>
  score(declared, completion, changes).evidence.spans.map(({ start, end }) => completion.slice(start, end));

describe('value', () => {
  it.each([
    [0, 0, 'min(0, 5) / 5 = 0'],
    [1, 0.2, 'min(1, 5) / 5 = 0.2'],
    [3, 0.6, 'min(3, 5) / 5 = 0.6'],
    [5, 1, 'min(5, 5) / 5 = 1'],
    [7, 1, 'min(7, 5) / 5 = 1'],
  ])('%i matches of 5 that earn it all: %f', (matches, value, arithmetic) => {
    const result = score(definition(), 'maybe so. '.repeat(matches));
    expect(result.value).toBe(value);
    expect(result.evidence.arithmetic).toBe(arithmetic);
    expect(result.evidence.counts).toEqual({ matches });
    expect(result.evidence.rule).toBe(matches === 0 ? 'no-match' : 'matches');
  });

  it('is the sum of its items, also where matches go beyond the cap', () => {
    const { value, evidence } = score(definition({ cap: 4 }), 'maybe '.repeat(6));
    expect(evidence.items.map((item) => item.value)).toEqual([0.25, 0.25, 0.25, 0.25, 0, 0]);
    expect(evidence.items.map(({ kind }) => kind).slice(3)).toEqual(['match', 'beyond-cap', 'beyond-cap']);
    expect(evidence.items.reduce((sum, item) => sum + item.value, 0)).toBe(value);
  });

  it('describes itself as an objective of this run', () => {
    expect(customObjective(definition()).descriptor).toEqual({
      name: 'hedging',
      label: 'hedging',
      help: 'Counts matches of maybe in the response: min(matches, 5) / 5.',
      aim: 'custom',
      min: 0,
      max: 1,
      source: 'Declared in this run',
    });
  });

  it('is compiled once for a definition', () => {
    const declared = definition();
    expect(customObjective(declared)).toBe(customObjective(declared));
    // Also when the definition crossed threads.
    expect(customObjective(structuredClone(declared))).toBe(customObjective(declared));
    expect(customObjective({ ...declared, cap: declared.cap + 1 })).not.toBe(customObjective(declared));
  });
});

describe('in a reward', () => {
  it('adds weight · value after the built-in objectives, also below 0, and passes no gate', () => {
    const rewards = {
      ...presetRewards('released'),
      custom: [definition({ weight: -2 }), definition({ name: 'watched', weight: 0 })],
    };
    // No tags: ill-formed, so that the integrity gate is 0. One box, right: accuracy 1 · 10.
    const input = { ...settings, completion: 'maybe \\boxed{A}, maybe', case: someCase };
    const scored = scoreCompletion(input, rewards);
    expect(scored.rewards).toMatchObject({ hedging: 0.4, watched: 0.4 });
    expect(scored.contributions).toMatchObject({ accuracy: 10, hedging: -0.8 });
    expect(scored.contributions).not.toHaveProperty('watched');
    expect(Object.keys(scored.rewards).slice(-2)).toEqual(['hedging', 'watched']);
    expect(scored.evidence.hedging?.arithmetic).toBe('min(2, 5) / 5 = 0.4');
    const without = scoreCompletion(input, presetRewards('released'));
    expect(scored.reward).toBeCloseTo(without.reward! - 0.8, 12);
  });
});

describe('where', () => {
  const completion = '<dx>fever, no fever</dx>\n<conclusion>fever \\boxed{A}</conclusion>';
  it.each([
    ['response', 3],
    ['reasoning', 2],
    ['conclusion', 1],
  ] as const)('%s', (where, matches) => {
    expect(count(pattern('fever', { where }), completion)).toBe(matches);
  });

  it('anchors see the part as the whole text', () => {
    expect(matched(pattern('^fever', { where: 'conclusion' }), completion)).toEqual(['fever']);
    expect(count(pattern('fever$', { where: 'reasoning' }), completion)).toBe(1);
  });

  it.each([
    ['fever', 'text-before-reasoning'],
    ['<dx>fever</dx><conclusion>fever', 'text-after-conclusion'],
    ['<dx>fever</dx> then <conclusion>fever</conclusion>', 'no-tag-boundary'],
  ])('an ill-formed response has neither reasoning nor conclusion: %s', (text, rule) => {
    for (const where of ['reasoning', 'conclusion'] as const) {
      const { value, evidence } = score(pattern('fever', { where }), text);
      expect([value, evidence.rule, evidence.counts]).toEqual([0, rule, { matches: 0 }]);
    }
    expect(score(pattern('fever'), text).value).toBeGreaterThan(0);
  });
});

describe('spans', () => {
  it('are of the completion as it came: spaces, end of sequence, tag repair and heading', () => {
    expect(matched(pattern('maybe'), ' \n maybe yes<|im_end|> maybe')).toEqual(['maybe']);
    const repaired = '  <dx>maybe<\\dx><conclusion>maybe</conclusion>';
    expect(matched(pattern('maybe', { where: 'reasoning' }), repaired)).toEqual(['maybe']);
    expect(matched(pattern('b\\w'), 'ba ## Final Response bc ## Final Response bd')).toEqual(['bc']);
  });

  it('never lie in the opening tag that the prompt ended with', () => {
    const open = { addOpeningTag: true };
    expect(score(pattern('<dx>'), 'so</dx>', open).evidence.counts.matches).toBe(0);
    expect(matched(pattern('so'), 'so</dx>', open)).toEqual(['so']);
    expect(matched(pattern('so', { where: 'reasoning' }), 'so</dx><conclusion>A</conclusion>', open)).toEqual(
      ['so'],
    );
  });

  it('are the first 50; the count is of all', () => {
    const { evidence } = score(definition(), 'maybe '.repeat(120));
    expect([evidence.spans.length, evidence.items.length, evidence.counts.matches]).toEqual([50, 50, 120]);
    expect(evidence.spans[49]).toEqual({ start: 294, end: 299, label: 'match' }); // 49 · 6 = 294
  });

  it('quote at most 80 characters', () => {
    const [item] = score(pattern('x+'), 'x'.repeat(500)).evidence.items;
    expect(item?.label).toBe(`${'x'.repeat(79)}…`);
  });
});

describe('pattern', () => {
  it.each([
    ['(?i)may(be)?', 'May, maybe, MAY', ['May', 'maybe', 'MAY']],
    ['a*', 'aa b aaa', ['aa', 'aaa']], // empty matches do not count
    ['\\d+(?:\\.\\d+)?', '38.5 °C, 120/80', ['38.5', '120', '80']],
    ['aa', 'aaaaa', ['aa', 'aa']],
    ['😀|é', '😀é😀', ['😀', 'é', '😀']],
    ['(?m)^- ', '- a\n- b', ['- ', '- ']],
    ['x', '', []],
  ])('%s in %j', (source, text, expected) => {
    // `response.text` is stripped; these texts have no spaces around them.
    expect(matched(pattern(source), text)).toEqual(expected);
  });

  it('finds what JavaScript’s own expressions find, for patterns that mean the same (seed 11)', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', '\\d', '\\w', '.', '(?:ab|b)', '(?:a|ab)');
    const repeated = fc
      .tuple(atom, fc.constantFrom('', '*', '+', '?', '+?', '{2}', '{1,3}'))
      .map((parts) => parts.join(''));
    const source = fc.array(repeated, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''));
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', ' ', '\n'), { maxLength: 30 });
    fc.assert(
      fc.property(source, text, (expression, characters) => {
        const completion = `<${characters.join('')}>`;
        const expected = [...completion.matchAll(new RegExp(expression, 'g'))]
          .map(([match]) => match)
          .filter((match) => match !== '');
        expect(matched(pattern(expression), completion)).toEqual(expected);
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('takes any text, also half characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { value } = score(pattern('.|\\n'), `${text}\ud800\udc00\udc00`);
        expect(value).toBeGreaterThan(0);
      }),
      { seed: 5, numRuns: 100 },
    );
  });

  it.each([
    ['(?=a)b', 'invalid or unsupported Perl syntax'],
    ['(a)\\1', 'invalid escape sequence'],
    ['(a', 'missing closing )'],
  ])('a pattern that RE2 refuses is an error: %s', (source, reason) => {
    expect(() => customObjective(pattern(source))).toThrow(reason);
  });
});

describe('terms', () => {
  it.each([
    [['fever'], 'Fever, feverish, FEVER-free, fever', ['Fever', 'FEVER', 'fever']],
    [
      ['heart failure'],
      'heart failure, heart-failure, Heart\n  failure, heart. failure',
      ['heart failure', 'heart-failure', 'Heart\n  failure'],
    ],
    [['beta-blocker'], 'beta blocker beta–blocker betablocker', ['beta blocker', 'beta–blocker']],
    [['heart', 'heart failure'], 'heart failure and heart', ['heart failure', 'heart']], // the longest
    [['a b', 'b c'], 'a b c', ['a b']], // without overlap
    [['a b c', 'b'], 'a b d', ['b']],
    [['C++'], 'C++ but C and C+', ['C++']],
    [['38.5'], '38.5 and 38 5 and 138.5', ['38.5']],
    [["Crohn's disease"], 'Crohn’s disease', ['Crohn’s disease']],
    [['Sjögren'], 'Sjo\u0308gren, SJÖGREN', ['Sjo\u0308gren', 'SJÖGREN']],
    [['fièvre'], 'fièvreux fièvre', ['fièvre']],
    [['fever', 'fever'], 'fever', ['fever']],
  ])('%j in %j', (list, text, expected) => {
    expect(matched(terms(...list), text)).toEqual(expected);
  });

  it('counts as many as were put in, whatever separates them (seed 3)', () => {
    const word = fc.constantFrom('the', 'patient', 'has', 'no', 'heart', 'failures', '7');
    const term = fc.constantFrom('cough', 'Heart Failure', 'beta-blocker', 'BETA BLOCKER');
    const separator = fc.constantFrom(' ', ', ', '\n', ' - ', '. ');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), word, term, separator)), (pieces) => {
        const text = pieces.map(([isTerm, filler, put, gap]) => (isTerm ? put : filler) + gap).join('');
        const put = pieces.filter(([isTerm]) => isTerm).length;
        expect(count(terms('heart failure', 'cough', 'beta-blocker'), text)).toBe(put);
      }),
      { seed: 3, numRuns: 300 },
    );
  });
});

describe('time on 64 kB', () => {
  const a = 'a'.repeat(65_536);
  /** Generous: what is measured is said below. */
  const BOUND_MS = 4000;
  const bounded = (declared: CustomObjective, text: string) => {
    customObjective(declared); // compiled once for a run
    const startedAt = performance.now();
    const result = score(declared, text);
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    return result;
  };

  // Measured: at most 50 ms. An engine that backtracks needs some 2^65536 steps for the first four.
  it.each([
    ['(a+)+$', `${a}!`, 0],
    ['(a|aa)+$', `${a}!`, 0],
    ['(a|a)*b', a, 0],
    ['(a*)*[bc]', a, 0],
    ['(x+x+)+y', 'x'.repeat(65_536), 0],
    ['(?:a?){30}a{30}b', a, 0],
    ['.*.*.*=.*', a, 0],
    ['a+', a, 0.2],
    ['a', a, 1],
    ['(?i)\\b(?:fever|cough)\\b', 'fever and cough, '.repeat(3855), 1],
  ])('%s', (source, text, value) => {
    expect(bounded(pattern(source), text).value).toBe(value);
  });

  it('500 terms that begin alike, and terms that overlap everywhere', () => {
    const list = Array.from({ length: 500 }, (_, index) => `${'a '.repeat(30)}b${index}`);
    expect(bounded(terms(...list), 'a '.repeat(32_768)).value).toBe(0);
    expect(bounded(terms('a', 'a a'), 'a '.repeat(32_768)).evidence.counts.matches).toBe(16_384);
  });

  it('stops counting where each match may cost a reading of the rest', () => {
    // 16 instructions at least · 65,536 characters: 2^20 for a match, 2^25 in all once the cap is reached.
    const { value, evidence } = bounded(pattern('a.*b|a'), a);
    expect([value, evidence.rule, evidence.counts.matches]).toEqual([1, 'counting-stopped', 33]);
  });

  it('stops before the cap only where the bound is reached, and says so', () => {
    // 902 to 910 instructions · 65,536 characters: between 2^25.8 and 2^25.9 for a match, 2^28 in all.
    const { value, evidence } = bounded(pattern('a|b{900}', { cap: 1000 }), a);
    expect([value, evidence.rule]).toEqual([0.005, 'counting-stopped']);
    expect(bounded(pattern('a|b{900}', { cap: 1000 }), a.slice(0, 200)).value).toBe(0.2);
    expect(bounded(pattern('a', { cap: 1000 }), a.slice(0, 16_000)).value).toBe(1);
  });
});
