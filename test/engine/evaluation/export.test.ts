import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { exportParts } from '../../../src/engine/evaluation/export';
import type { EvaluatedCase, EvaluationFormat, EvaluationSummary } from '../../../src/protocol';
import { caseOf, casesOf, sampleOf } from './made';

/** Hashes that Python made; the file says how. */
const hashed = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/evaluation/doc-hash.json'), 'utf8'),
) as {
  doc: EvaluatedCase['case'];
  docHash: string;
  prompt: string;
  promptHash: string;
  targetHash: string;
};

const datasets = ['One', 'Two.jsonl'].map((name, index) => ({
  datasetId: `data-${index}`,
  part: 'all' as const,
  limit: null,
  name,
  cases: 2,
}));

const summary: EvaluationSummary = {
  id: 'e1',
  name: 'starter run, step 3',
  createdAt: '2026-01-01T00:00:00.000Z',
  status: 'finished',
  policy: {
    kind: 'current',
    modelName: 'tiny',
    modelSha256: 'ab',
    runId: 'r',
    runName: 'starter run',
    checkpointId: null,
    step: 3,
  },
  datasets,
  samples: 2,
  temperature: 0.6,
  config: defaultConfig(),
  progress: { id: 'e1', dataset: 1, done: 4, total: 4, tokens: 80, elapsedMs: 9, completions: 8, correct: 4 },
  results: [],
};

const stored: EvaluatedCase[][] = [casesOf('AB', '-A'), [caseOf(0, 'BB'), caseOf(1, 'AA')]];

async function written(
  format: EvaluationFormat,
  dataset: number | null,
  cases: readonly (readonly EvaluatedCase[])[] = stored,
  changes: Partial<EvaluationSummary> = {},
) {
  const { name, parts } = exportParts({ ...summary, ...changes }, format, dataset, async (i) => cases[i]!);
  let text = '';
  for await (const part of parts) text += part;
  return { name, text };
}

const lines = (text: string) => text.trimEnd().split('\n');

describe('exportParts', () => {
  it('writes everything as JSON', async () => {
    const { name, text } = await written('json', null);
    expect(name).toBe('evaluation_starter-run-step-3.json');
    expect(JSON.parse(text)).toEqual({
      format: 'crpo-studio-evaluation',
      version: 1,
      evaluation: summary,
      datasets: [
        { dataset: 0, cases: stored[0] },
        { dataset: 1, cases: stored[1] },
      ],
    });
  });

  it('writes a CSV row per case and sample', async () => {
    const evil = {
      ...caseOf(0, 'A', { facets: { step: '1' } }),
      samples: [sampleOf('A', { completion: '=1+1' })],
    };
    const { name, text } = await written('csv', 0, [[evil, caseOf(1, 'B-')]]);
    expect(name).toBe('evaluation_starter-run-step-3_One.csv');
    const rows = text.trimEnd().split('\r\n');
    expect(rows[0]).toBe(
      'policy,dataset,part,case_id,line,facet/step,sample,gold,answer,outcome,correct,tokens,truncated,reward,rewards/accuracy,question,completion',
    );
    expect(rows.slice(1)).toEqual([
      `"starter run, step 3",One,all,case-0,1,1,0,A,A,valid,true,10,false,10,1,Question 0?,"'=1+1"`,
      '"starter run, step 3",One,all,case-1,2,,0,A,B,valid,false,10,false,0,0,Question 1?,\\boxed{B}',
      '"starter run, step 3",One,all,case-1,2,,1,A,,no-box,false,10,false,0,0,Question 1?,I do not know.',
    ]);
  });

  it('writes the sample log of lm-evaluation-harness', async () => {
    const { name, text } = await written('lm-eval', 1);
    expect(name).toBe('samples_starter-run-step-3_Two.jsonl');
    const [first, second] = lines(text).map((line) => JSON.parse(line));
    expect(Object.keys(first)).toEqual([
      ...['doc_id', 'doc', 'target', 'arguments', 'resps', 'filtered_resps', 'filter', 'metrics'],
      ...['doc_hash', 'prompt_hash', 'target_hash', 'acc'],
    ]);
    expect(first).toMatchObject({
      doc_id: 0,
      doc: stored[1]![0]!.case,
      target: 'A',
      arguments: {
        gen_args_0: { arg_0: 'Question 0?', arg_1: { until: [], do_sample: true, temperature: 0.6 } },
      },
      resps: [['\\boxed{B}', '\\boxed{B}']],
      filtered_resps: [['B', 'B']],
      filter: 'boxed',
      metrics: ['acc'],
      acc: 0,
    });
    expect(second).toMatchObject({ doc_id: 1, acc: 1 });
  });

  it('writes greedy completions flat, and hashes as Python would', async () => {
    const only = { ...caseOf(0, '-'), case: hashed.doc, prompt: hashed.prompt };
    const { text } = await written('lm-eval', 0, [[only]], { samples: 1 });
    const row = JSON.parse(text);
    expect(row.filtered_resps).toEqual(['[invalid]']);
    expect(row.arguments.gen_args_0.arg_1).toMatchObject({ do_sample: false, temperature: 0 });
    expect(row).toMatchObject({
      doc_hash: hashed.docHash,
      prompt_hash: hashed.promptHash,
      target_hash: hashed.targetHash,
    });
  });

  it('refuses two datasets in one log', () => {
    expect(() => exportParts(summary, 'lm-eval', null, async () => [])).toThrow('expected one, received 2');
  });
});
