/** Objectives (d) to (i) on texts that nobody would write: bounded values, spans and time. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { behaviours } from '../../../src/engine/rewards/behaviours';
import { citation } from '../../../src/engine/rewards/citation';
import { MAX_EVIDENCE_SPANS } from '../../../src/engine/rewards/evidence';
import { faithfulness } from '../../../src/engine/rewards/faithfulness';
import { integrity } from '../../../src/engine/rewards/integrity';
import { rejection } from '../../../src/engine/rewards/rejection';
import { prepareResponse } from '../../../src/engine/rewards/response';
import { support } from '../../../src/engine/rewards/support';
import type { ResponseSettings, ScoredCase } from '../../../src/protocol/scoring';
import { C1, C2, C3, scoreWith, workedOut } from './clinical';

const OBJECTIVES = [citation, faithfulness, rejection, support, behaviours, integrity];

const wild = fc.constantFrom<string>(
  ...[
    '<dx>',
    '</dx>',
    '<conclusion>',
    '</conclusion>',
    '<think>',
    '## Final Response',
    '<|im_end|>',
    '<\\dx>',
  ],
  ...[
    '\\boxed{A}',
    '\\boxed{',
    'The answer is B. ',
    'option C, D and E ',
    '(B) ',
    'A.\n',
    'not ',
    'no ',
    'denies ',
  ],
  ...[
    'fever ',
    'cough, ',
    'The patient has ',
    'temperature is 39.9°C (103.8°F) ',
    'pulse 104/min ',
    '15,200/mm³ ',
  ],
  ...[
    'Gentamicin is unlikely because ',
    'which suggests ',
    'wait, ',
    'first, ',
    'if this were ',
    'normal range: ',
  ],
  ...[
    '\r\n',
    '\u2028',
    '\u200b',
    '\u0301',
    '😀',
    '\ud800',
    'ﬁ',
    '½',
    '°',
    '“',
    '—',
    '9'.repeat(40),
    ';',
    '. ',
    '? ',
  ],
);
const completions = fc.oneof(
  fc.array(wild, { maxLength: 60 }).map((pieces) => pieces.join('')),
  fc
    .tuple(wild, wild, fc.integer({ min: 1, max: 200 }))
    .map(([one, two, times]) => (one + two).repeat(times)),
  fc.string({ unit: 'binary', maxLength: 300 }),
);
const cases = fc.oneof(
  fc.constantFrom(C1, C2, C3),
  fc.record<ScoredCase>({
    question: fc.array(wild, { maxLength: 30 }).map((pieces) => pieces.join('')),
    options: fc.dictionary(fc.constantFrom('A', 'B', 'C'), fc.oneof(wild, fc.string({ maxLength: 12 }))),
    answer: fc.constantFrom('A', 'B', null),
  }),
);
const settings = fc.record<Partial<ResponseSettings>>({
  tags: fc.constantFrom('dx', 'think'),
  addOpeningTag: fc.boolean(),
});

describe('the clinical objectives', () => {
  it('keep values, spans and items within bounds on any text (seed 25)', () => {
    fc.assert(
      fc.property(completions, cases, settings, (completion, scoredCase, changes) => {
        for (const objective of OBJECTIVES) {
          const result = scoreWith(objective, completion, scoredCase, changes);
          if (result === null) continue;
          const { value, evidence } = result;
          expect(value).toBeGreaterThanOrEqual(objective.descriptor.min);
          expect(value).toBeLessThanOrEqual(objective.descriptor.max);
          expect(workedOut(evidence.arithmetic).stated).toBeCloseTo(value, 3);
          expect(workedOut(evidence.arithmetic).computed).toBeCloseTo(value, 1);
          for (const count of Object.values(evidence.counts)) expect(count).toBeGreaterThanOrEqual(0);
          expect(evidence.items.length).toBeLessThanOrEqual(MAX_EVIDENCE_SPANS);
          expect(evidence.spans.length).toBeLessThanOrEqual(MAX_EVIDENCE_SPANS);
          let last = 0;
          for (const { start, end } of evidence.spans) {
            expect(start).toBeGreaterThanOrEqual(last);
            expect(end).toBeGreaterThan(start);
            expect(end).toBeLessThanOrEqual(completion.length);
            last = start;
          }
          for (const { label, value: part, source } of evidence.items) {
            expect(label.length).toBeLessThanOrEqual(120);
            expect(part).toBe(Number(part));
            if (source === undefined) continue;
            const text = source.part === 'question' ? scoredCase.question : scoredCase.options[source.part]!;
            expect(source.start).toBeGreaterThanOrEqual(0);
            expect(source.end).toBeGreaterThanOrEqual(source.start);
            expect(source.end).toBeLessThanOrEqual(text.length);
          }
        }
      }),
      { seed: 25, numRuns: 400 },
    );
  });

  it('read the same response whatever surrounds it', () => {
    const reasoning = 'Fever and “dysuria” suggest infection.\r\nGentamicin is unlikely.';
    const plain = `<dx>${reasoning}</dx><conclusion>Fever. \\boxed{A}</conclusion>`;
    const variants: [string, Partial<ResponseSettings>][] = [
      [plain, {}],
      [` \n${plain}<|im_end|>junk`, {}],
      [`thoughts ## Final Response\n${plain}`, {}],
      [plain.slice('<dx>'.length), { addOpeningTag: true }],
      [plain.replace('</dx>', '<\\dx>'), {}],
    ];
    for (const [completion, changes] of variants) {
      const { evidence } = scoreWith(citation, completion, C1, changes)!;
      const said = evidence.spans.map(({ start, end }) => completion.slice(start, end));
      expect(said).toEqual(['Fever', 'dysuria']);
      const rejected = scoreWith(rejection, completion, C1, changes)!.evidence.spans[0]!;
      expect(completion.slice(rejected.start, rejected.end)).toBe('Gentamicin is unlikely.');
      const claim = scoreWith(support, completion, C1, changes)!.evidence.items.find(
        ({ kind }) => kind === 'supported',
      );
      expect(completion.slice(claim!.completion!.start, claim!.completion!.end)).toBe('Fever');
    }
  });
});

/** Processor time for 128 kB, the six together. Generous: measured below 150 ms. */
const BOUND_MS = 1000;
/** From 16 kB to 128 kB: eightfold if linear, 64-fold if quadratic; the collector has its whims. */
const BOUND_RATIO = 24;

describe('time', () => {
  const { options, question } = C2;
  it.each([
    ['findings', 'The patient has hypertension and back pain, takes lisinopril. '],
    ['one finding', 'hypertension '],
    ['denials', 'not '],
    ['denied words', 'no, or '],
    ['one sentence', 'the patient has a pulse of 99/min and 5 cm of back pain but option B '],
    ['tags', '<dx></dx><conclusion>'],
    ['digits', '7'],
    ['numbers', '38.5 99/min '],
    ['ratios', '1/2/'],
    ['units', '5 cm (5 cm) '],
    ['labels', 'temperature is about '],
    ['commas', ','],
    ['letters', '(B) (B) '],
    ['list labels', 'A.\n'],
    ['parentheses', '(((((((( '],
    ['cues', 'because likely unlikely most likely best answer '],
    ['options', `${Object.values(options).join(', ')}, `],
    ['half options', 'disease bone vertebral '],
    ['subjects', 'the patient his her '],
    ['answers', 'the answer is '],
    ['the question', question],
    ['sentences', 'Calcium is high. '],
    ['emoji', '😀'],
    ['marks', 'e\u0301\u0323'],
    ['spaces', '   \u3000'],
  ])('%s: linear', (_, unit) => {
    const scoreAll = (length: number): number => {
      const body = unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
      const completion = `<dx>${body}</dx><conclusion>${body.slice(0, length / 4)} \\boxed{A}</conclusion>`;
      const times = Array.from({ length: 2 }, () => {
        const response = prepareResponse(completion, { tags: 'dx', eos: '<eos>', addOpeningTag: false });
        const before = process.cpuUsage();
        for (const objective of OBJECTIVES) objective.score(response, C2);
        return process.cpuUsage(before).user / 1000;
      });
      return Math.min(...times);
    };
    scoreAll(1 << 12);
    const little = scoreAll(1 << 14);
    const much = scoreAll(1 << 17);
    expect(much).toBeLessThan(BOUND_MS);
    // A few milliseconds may be the collector's.
    expect(much / Math.max(10, little)).toBeLessThan(BOUND_RATIO);
  });
});
