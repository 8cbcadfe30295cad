import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formWords } from '../../../../src/engine/rewards/analysis/scan';
import { splitSentences } from '../../../../src/engine/rewards/analysis/sentences';
import { stem } from '../../../../src/engine/rewards/analysis/stem';
import { tokenise } from '../../../../src/engine/rewards/analysis/tokens';

/** The tokens of the specification, as its pattern. */
const PATTERN = /\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[A-Za-z][A-Za-z0-9]*(?:'[A-Za-z]+)?|\n|[^\s]/gu;

describe('tokenise', () => {
  it('splits as the pattern of the specification (seed 22)', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'B2',
        '12',
        '1',
        ',',
        ',345',
        '.',
        '.5',
        "'",
        "'s",
        '-',
        '\n',
        ' ',
        '\ufeff',
        '\u3000',
        '%',
        '😀',
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
        const text = pieces.join('');
        const { tokens } = tokenise(text);
        expect(tokens.map((token) => token.text)).toEqual(text.match(PATTERN) ?? []);
        for (const { text: spelling, start, end } of tokens) expect(text.slice(start, end)).toBe(spelling);
      }),
      { seed: 22, numRuns: 3000 },
    );
  });

  it('leaves hyphens and line feeds out of the word stream', () => {
    const { tokens, stream } = tokenise('A 45-year-old\nman.');
    expect(stream.map(({ text }) => text)).toEqual(['A', '45', 'year', 'old', 'man', '.']);
    for (const token of stream) expect(stream[token.position]).toBe(token);
    for (const [index, token] of tokens.entries()) expect(token.index).toBe(index);
  });

  it('reads forms the same way', () => {
    expect(formWords('Type-2 diabetes, CD4+')).toEqual(['type', '2', 'diabetes', ',', 'cd4', '+']);
  });
});

describe('stem', () => {
  it.each([
    ['findings', 'finding'],
    ['arteries', 'artery'],
    ['lies', 'lie'],
    ['masses', 'mass'],
    ['boxes', 'box'],
    ['diagnosis', 'diagnosis'],
    ['virus', 'virus'],
    ['mass', 'mass'],
    ['has', 'has'],
    ["patient's", 'patient'],
    ['anaemia', 'anemia'],
    ['haemorrhages', 'hemorrhage'],
    ['dyspnoea', 'dyspnea'],
    ['diarrhoea', 'diarrhea'],
    ['tumours', 'tumor'],
    ['hypeension', 'hypertension'],
  ])('%s → %s', (word, expected) => {
    expect(stem(word)).toBe(expected);
  });
});

describe('splitSentences', () => {
  const split = (text: string) => {
    const { tokens } = tokenise(text);
    return splitSentences(tokens).map(({ first, end }) =>
      text.slice(tokens[first]!.start, tokens[end - 1]!.end).trim(),
    );
  };

  it.each([
    ['He is ill. She is well.', ['He is ill.', 'She is well.']],
    ['Fever; cough! Rash? Yes', ['Fever;', 'cough!', 'Rash?', 'Yes']],
    ['Dr. Smith vs. Jones came.', ['Dr. Smith vs. Jones came.']],
    ['A. Ceftriaxone\nB. Gentamicin', ['A. Ceftriaxone', 'B. Gentamicin']],
    ['1. First. 2. Second.', ['1. First.', '2.', 'Second.']],
    ['It is 3.5 mg. then more', ['It is 3.5 mg. then more']],
    ['He said "stop." Then left.', ['He said "stop.', '" Then left.']],
    ['One\n\n\nTwo', ['One', 'Two']],
    ['... *** ', []],
    ['', []],
  ])('%j', (text, expected) => {
    expect(split(text)).toEqual(expected);
  });

  it('numbers every token by its sentence', () => {
    const { tokens } = tokenise('Fever. Cough; rash\n- Pain.');
    const sentences = splitSentences(tokens);
    expect(tokens.map(({ sentence }) => sentence)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 3]);
    expect(sentences.map(({ opener }) => opener)).toEqual(['fever', 'cough', 'rash', 'pain']);
  });
});
