import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { exportParts } from '../../../src/engine/evaluation/export';
import { importCompletions, linesOf } from '../../../src/engine/evaluation/import';
import { presetRewards, scoreCompletion } from '../../../src/engine/rewards';
import type { ClinicalCase, EvaluationSummary } from '../../../src/protocol';
import { casesOf } from './made';

const QUESTIONS = [
  'A 45-year-old man comes to the emergency department with chest pain. What is the best next step?',
  'A 45-year-old man comes to the emergency department with chest pain that radiates. What now?',
  'Pale?',
];
const cases = QUESTIONS.map(
  (question, index): ClinicalCase => ({
    id: `c${index}`,
    line: index + 1,
    question,
    options: { A: 'rest', B: 'surgery' },
    answer: 'A',
  }),
);

const judge = {
  config: { ...defaultConfig(), rewards: presetRewards('released') },
  eos: '<|im_end|>',
  score: async (...input: Parameters<typeof scoreCompletion>) => scoreCompletion(...input),
};

async function imported(...rows: readonly (object | string)[]) {
  const lines = rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row)));
  const { cases: evaluated, report } = await importCompletions('made.jsonl', lines, cases, judge);
  return {
    report,
    answers: Object.fromEntries(
      evaluated.map((each) => [each.case.id, each.samples.map(({ answer }) => answer)]),
    ),
    evaluated,
  };
}

const box = (letter: string) => `\\boxed{${letter}}`;
const generated = (fields: object) => ({ doc_id: 0, doc: {}, resps: [[box('A')]], ...fields });

describe('importCompletions', () => {
  it('reads a sample log, by the document’s question wherever it stands', async () => {
    const { answers, report, evaluated } = await imported(
      generated({ doc_id: 9, doc: { question: QUESTIONS[1] }, resps: [[box('B'), box('A')]] }),
      generated({ doc: { Question: `  ${QUESTIONS[0]!.toUpperCase()} ` } }),
      generated({ doc: { sent1: 'Pale' }, arguments: { gen_args_0: { arg_0: 'Q: Pale?\nA:', arg_1: {} } } }),
    );
    expect(answers).toEqual({ c0: ['A'], c1: ['B', 'A'], c2: ['A'] });
    expect(report).toEqual({ lines: 3, completions: 4, badLines: 0, issues: [], casesWithout: 0 });
    const [first] = evaluated[0]!.samples;
    expect(first).toMatchObject({ correct: true, tokens: null, truncated: false, reward: 10.5 });
    expect(evaluated.map(({ index, promptTokens }) => [index, promptTokens])).toEqual([
      [0, null],
      [1, null],
      [2, null],
    ]);
  });

  it('reads TRL’s rows, as text and as messages, several of one case', async () => {
    const { answers } = await imported(
      { prompt: `Answer.\n${QUESTIONS[1]}\nA. rest`, completion: box('B') },
      {
        prompt: [
          { role: 'system', content: 'Think.' },
          { role: 'user', content: QUESTIONS[1] },
        ],
        completion: [{ role: 'assistant', content: box('A') }],
      },
    );
    expect(answers).toEqual({ c1: ['B', 'A'] });
  });

  it('takes the question that ends last, not a few-shot example', async () => {
    const prompt = `Q: ${QUESTIONS[1]}\nA: B\n\nQ: ${QUESTIONS[2]}\nA:`;
    expect((await imported({ prompt, completion: box('A') })).answers).toEqual({ c2: ['A'] });
  });

  it('goes by doc_id only where there is no text at all', async () => {
    expect((await imported(generated({ doc_id: 1 }))).answers).toEqual({ c1: ['A'] });
    const { report } = await imported(
      generated({ doc_id: 1 }),
      generated({ doc_id: 2, doc: { question: 'Something else?' } }),
      generated({ doc_id: 3 }),
    );
    expect(report.issues.map(({ line, kind }) => [line, kind])).toEqual([
      [2, 'no-case'],
      [3, 'no-case'],
    ]);
  });

  it('takes one filter’s rows: the others repeat the same responses', async () => {
    const row = generated({ doc: { question: QUESTIONS[0] }, filter: 'strict-match' });
    const { answers, report } = await imported(row, { ...row, filter: 'flexible-extract' });
    expect(answers).toEqual({ c0: ['A'] });
    expect(report).toMatchObject({ badLines: 0, completions: 1, casesWithout: 2 });
  });

  it('takes plain rows beside the rows of a filter', async () => {
    const logged = generated({ doc: { question: QUESTIONS[0] }, filter: 'strict-match' });
    const { report } = await imported(logged, { prompt: QUESTIONS[1], completion: box('B') });
    expect(report).toMatchObject({ badLines: 0, completions: 2, casesWithout: 1 });
  });

  it('names bad lines and goes on', async () => {
    const good = { prompt: QUESTIONS[0], completion: box('A') };
    const { report } = await imported(
      good,
      '{"prompt": "cut',
      '[1, 2]',
      '',
      { text: 'neither' },
      { prompt: QUESTIONS[0], completion: 5 },
      generated({ resps: [[['-3.2', 'False']], [['-1.1', 'True']]] }),
      generated({ resps: [] }),
      `{"a": ${'['.repeat(100)}${']'.repeat(100)}}`,
      { prompt: QUESTIONS[0], completion: 'x'.repeat(4_000_000) },
    );
    expect(report.issues.map(({ line, kind }) => [line, kind])).toEqual([
      [2, 'json-invalid'],
      [3, 'not-an-object'],
      [5, 'unknown-row'],
      [6, 'no-completion'],
      [7, 'no-completion'],
      [8, 'no-completion'],
      [9, 'json-too-deep'],
      [10, 'line-too-long'],
    ]);
    expect(report).toMatchObject({ lines: 10, badLines: 8, completions: 1 });
  });

  it('bounds completions per case and named issues', async () => {
    const { report } = await imported(
      ...Array.from({ length: 200 }, () => ({ prompt: QUESTIONS[2], completion: box('A') })),
    );
    expect(report).toMatchObject({ completions: 64, badLines: 136 });
    expect(report.issues).toHaveLength(100);
    expect(report.issues[0]).toMatchObject({ line: 65, kind: 'too-many-completions' });
  });

  it('refuses a file without one completion, with its first fault', async () => {
    await expect(imported('no JSON')).rejects.toMatchObject({
      record: {
        code: 'nothing-imported',
        file: 'made.jsonl',
        message: expect.stringContaining('Line 1: Not'),
      },
    });
    await expect(imported()).rejects.toMatchObject({ record: { code: 'nothing-imported' } });
  });

  it('never fails on odd lines but by name', async () => {
    const good = JSON.stringify({ prompt: QUESTIONS[2], completion: box('A') });
    const odd = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record({ resps: fc.jsonValue(), doc: fc.jsonValue(), arguments: fc.jsonValue() })
        .map((row) => JSON.stringify(row)),
      fc.record({ prompt: fc.jsonValue(), completion: fc.jsonValue() }).map((row) => JSON.stringify(row)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(odd, { maxLength: 5 }), async (lines) => {
        const { report } = await importCompletions('odd.jsonl', [...lines, good], cases, judge);
        expect(report.lines).toBe(lines.length + 1);
        expect(report.completions).toBeGreaterThanOrEqual(1);
        for (const { line, kind, message } of report.issues) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(kind).toMatch(/^[a-z-]+$/);
          expect(message).toMatch(/\.$/);
        }
      }),
      { seed: 21, numRuns: 200 },
    );
  });

  it('takes back what the export wrote', async () => {
    const made = casesOf('AB', '-C', 'CC');
    const summary = {
      samples: 2,
      temperature: 1,
      config: defaultConfig(),
      name: 'x',
      datasets: [{ name: 'y' }],
    };
    const { parts } = exportParts(summary as unknown as EvaluationSummary, 'lm-eval', 0, async () => made);
    let text = '';
    for await (const part of parts) text += part;
    const own = made.map((each) => each.case);
    const { cases: evaluated } = await importCompletions('own.jsonl', linesOf(text), own, judge);
    const facts = ({ case: { id }, samples }: (typeof made)[number]) => [
      id,
      samples.map(({ completion, answer, correct, outcome }) => [completion, answer, correct, outcome]),
    ];
    expect(evaluated.map(facts)).toEqual(made.map(facts));
  });
});

describe('linesOf', () => {
  it('ends lines at LF and CR LF only', () => {
    expect([...linesOf('a\r\nb\u2028c\n\nd')]).toEqual(['a', 'b\u2028c', '', 'd']);
    expect([...linesOf('')]).toEqual([]);
    expect([...linesOf('a\n')]).toEqual(['a']);
  });
});
