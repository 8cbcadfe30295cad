import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  caseMarks,
  completionMarks,
  entriesOf,
  kindText,
  type Mark,
  segments,
  toneOf,
} from '../../../src/studio/store/evidence';
import { clinicalRollout, clinicalScored, scored } from '../records';

const mark = (entry: number, start: number, end: number): Mark => ({ entry, start, end, tone: 'plain' });
const drawn = (from: number, to: number, marks: readonly Mark[]) =>
  segments(from, to, marks).map(({ start, end, marks: here }) => [
    start,
    end,
    here.map(({ entry }) => entry),
  ]);

describe('segments', () => {
  it('cuts where marks start and end, the shortest mark first', () => {
    //  0    5    10   15   20
    //       |----0----|         [5, 15)
    //            |-1--|         [10, 15) inside it
    //              |---2---|    [12, 18) over both ends
    expect(drawn(0, 20, [mark(0, 5, 15), mark(1, 10, 15), mark(2, 12, 18)])).toEqual([
      [0, 5, []],
      [5, 10, [0]],
      [10, 12, [1, 0]],
      [12, 15, [1, 2, 0]],
      [15, 18, [2]],
      [18, 20, []],
    ]);
  });

  it('takes only the stretch that is asked for, and marks that reach beyond the text', () => {
    expect(drawn(10, 20, [mark(0, -4, 12), mark(1, 18, 400), mark(2, 3, 9)])).toEqual([
      [10, 12, [0]],
      [12, 18, []],
      [18, 20, [1]],
    ]);
  });

  it('draws nothing for an empty mark or an empty stretch', () => {
    expect(drawn(0, 4, [mark(0, 2, 2), mark(1, 3, 1)])).toEqual([[0, 4, []]]);
    expect(drawn(3, 3, [mark(0, 0, 9)])).toEqual([]);
  });

  it('covers every character once, with just the marks that lie over it', () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: -5, max: 60 }), fc.integer({ min: -5, max: 60 })));
    fc.assert(
      fc.property(fc.nat(20), fc.nat(40), spans, (from, length, pairs) => {
        const marks = pairs.map(([start, end], entry) => mark(entry, start, end));
        const cut = segments(from, from + length, marks);
        const seen = cut.flatMap(({ start, end, marks: here }) =>
          Array.from({ length: end - start }, (_, at) => [start + at, here.map((each) => each.entry).sort()]),
        );
        const expected = Array.from({ length }, (_, at) => [
          from + at,
          marks
            .filter(({ start, end }) => start <= from + at && from + at < end)
            .map((each) => each.entry)
            .sort(),
        ]);
        expect(seen).toEqual(expected);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('cuts 64 kB under a hundred overlapping marks in no time that a person would notice', () => {
    const marks = Array.from({ length: 100 }, (_, entry) => mark(entry, entry * 600, entry * 600 + 5_000));
    const started = performance.now();
    const cut = segments(0, 65_536, marks);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(cut.length).toBe(200); // bounds: 100 starts, 0 among them, 100 ends, and the end of the text
    expect(Math.max(...cut.map(({ marks: here }) => here.length))).toBe(9); // ⌈5000 / 600⌉
  });
});

describe('entries', () => {
  const { completion, case: scoredCase } = clinicalRollout(0);
  const entries = entriesOf(clinicalScored().evidence.faithfulness!, completion);

  it('are the items, each with its tone', () => {
    expect(entries.map(({ kind, tone, label }) => [kind, tone, label])).toEqual([
      ['supported', 'for', 'fever'],
      ['supported', 'for', 'fever and a rash'],
      ['contradicted', 'against', 'cough'],
      ['not-cited', 'missing', 'age 30'],
    ]);
  });

  it('mark both texts', () => {
    const said = completionMarks(entries).map(({ entry, start, end }) => [
      entry,
      completion.slice(start, end),
    ]);
    expect(said).toEqual([
      [0, 'Fever'],
      [1, 'Fever and a rash'],
      [2, 'He has a cough'],
    ]);
    const has = caseMarks(entries, 'question').map(({ entry, start, end }) => [
      entry,
      scoredCase.question.slice(start, end),
    ]);
    expect(has).toEqual([
      [0, 'fever'],
      [1, 'a rash'],
      [2, 'denies cough'],
      [3, '30-year-old'],
    ]);
    expect(caseMarks(entries, 'A')).toEqual([]);
  });

  it('are the spans with what they hold, where an objective has no items', () => {
    const evidence = { ...scored().evidence.language!, spans: [{ start: 0, end: 3, label: 'not-english' }] };
    expect(entriesOf(evidence, 'été\u202e 2026')).toEqual([
      { kind: 'not-english', tone: 'against', label: 'été', value: null, completion: { start: 0, end: 3 } },
    ]);
    // A span that starts in the opening tag, which the completion lacks.
    const early = { ...evidence, spans: [{ start: -7, end: 3, label: 'reasoning' }] };
    expect(entriesOf(early, 'été')[0]).toMatchObject({ label: 'été', tone: 'plain' });
  });

  it('take the tone of a kind they do not know from its name', () => {
    expect(
      ['not-mentioned', 'no-box', 'missing-tag', 'notable', 'hedge'].map((kind) => toneOf(kind, 1)),
    ).toEqual(['missing', 'missing', 'missing', 'plain', 'plain']);
    expect(kindText('not-cited')).toBe('not cited');
  });

  it('count as missing where they would speak for the response but earned nothing', () => {
    expect([toneOf('considered', 1), toneOf('considered', 0), toneOf('unsupported', 0)]).toEqual([
      'for',
      'missing',
      'against',
    ]);
  });
});
