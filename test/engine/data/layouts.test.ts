/** What holds for every layout. */
import { describe, expect, it } from 'vitest';
import { LAYOUTS } from '../../../src/engine/data/layouts';
import { SAMPLES } from './samples';
import { read } from './support';

/** Fields that may reach a case: the question's, the options', ids and facets. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  // The answer's text repeats the option's, else the row is bad.
  medqa: ['question', 'options', 'meta_info', 'answer_idx', 'answer'],
  'medqa-hf': ['id', 'sent1', 'sent2', 'ending0', 'ending1', 'ending2', 'ending3', 'label'],
  medmcqa: ['question', 'cop', 'opa', 'opb', 'opc', 'opd', 'subject_name', 'topic_name', 'id'],
  medxpertqa: ['id', 'question', 'options', 'label', 'medical_task', 'body_system', 'question_type'],
  pubmedqa: ['pubid', 'question', 'context', 'final_decision'],
  mmlu: ['question', 'subject', 'choices', 'answer'],
  'med-u1': ['problem', 'choices', 'answer', 'Source'],
  'medical-o1': ['Open-ended Verifiable Question', 'Ground-True Answer'],
};
/** Names under which published sets and their rehosts give the answer away. */
const TELLING = [
  'exp',
  'explanation',
  'LONG_ANSWER',
  'long_answer',
  'Complex_CoT',
  'Response',
  'answer',
  'reasoning_required_pred',
  'rationale',
];
const CANARY = 'canary of gold';

const names = Object.keys(SAMPLES);
const sample = (name: string) => ({ ...SAMPLES[name]! });

describe('the layouts', () => {
  it('have a sample each', () => {
    expect(names.toSorted()).toEqual(LAYOUTS.map(({ name }) => name).toSorted());
  });

  it.each(names)('%s alone recognises its row, and describes itself', async (name) => {
    expect(LAYOUTS.filter((layout) => layout.recognise(sample(name))).map((layout) => layout.name)).toEqual([
      name,
    ]);
    const { summary, cases } = await read(JSON.stringify([sample(name)]));
    expect(summary).toMatchObject({
      layout: name,
      rows: 1,
      badLines: 0,
      unlabelled: 0,
      container: 'json-array',
    });
    expect(summary.layoutLabel).toMatch(/, (\d+ options|open questions)$/);
    expect(summary.licence).toBeTruthy();
    expect(summary.citation).toMatch(/\d{4}/);
    const { answer, openAnswer } = cases[0]!;
    expect([answer, openAnswer]).toEqual(name === 'medical-o1' ? [null, 'Vitamin C'] : ['B', undefined]);
  });

  it.each(names)('%s lets nothing that tells the answer into a case', async (name) => {
    const row: Record<string, unknown> = sample(name);
    for (const field of [...Object.keys(row), ...TELLING]) {
      if (!SHOWN[name]!.includes(field)) row[field] = CANARY;
    }
    const { cases } = await read(JSON.stringify([row]), 'cases.json', { copBase: 1 });
    const { options: _options, openAnswer: _openAnswer, ...rest } = cases[0]!;
    expect(JSON.stringify(cases[0])).not.toContain(CANARY);
    expect(Object.keys(rest).toSorted()).toEqual(
      ['answer', 'facets', 'id', 'line', 'question'].filter((key) => key in rest),
    );
    // What is shown beside the case is short and never the gold text.
    for (const value of Object.values(rest.facets ?? {})) expect(value.length).toBeLessThanOrEqual(60);
  });

  it.each(names.filter((name) => name !== 'medical-o1'))(
    '%s keeps the gold text out of everything but the options',
    async (name) => {
      const row = sample(name);
      const { cases } = await read(JSON.stringify([row]));
      const { options, answer, ...rest } = cases[0]!;
      const gold = options[answer!]!;
      // One-letter options and yes/no stand in any text by accident.
      if (gold.length > 3) expect(JSON.stringify(rest)).not.toContain(gold);
    },
  );

  it('keeps an open answer out of everything but openAnswer', async () => {
    const { cases } = await read(JSON.stringify([sample('medical-o1')]));
    const { openAnswer, ...rest } = cases[0]!;
    expect(openAnswer).toBe('Vitamin C');
    expect(JSON.stringify(rest)).not.toContain('Vitamin C');
    expect(rest).toMatchObject({ options: {}, answer: null });
  });
});
