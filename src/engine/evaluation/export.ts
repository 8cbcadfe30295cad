/**
 * An evaluation as files: JSON with everything, CSV with a row per completion, and the sample log of
 * lm-evaluation-harness (its `--log_samples`; fields of `lm_eval/evaluator.py` and
 * `result_schema.py` at 4e7e0d4). Texts come in parts, a case at a time, so that none has to be in
 * memory as a whole.
 */
import {
  type EvaluatedCase,
  type EvaluatedSample,
  type EvaluationFormat,
  type EvaluationSummary,
  StudioError,
} from '../../protocol';
import { sha256 } from '../checkpoint/hash';
import { csvLine } from './csv';
import { objectiveNames } from './summary';

export interface ExportedEvaluation {
  /** Of the file. */
  readonly name: string;
  readonly parts: AsyncIterable<string>;
}

/** `dataset` null: all. Throws `one-dataset-per-log` where the format has room for one only. */
export function exportParts(
  summary: EvaluationSummary,
  format: EvaluationFormat,
  dataset: number | null,
  readCases: (dataset: number) => Promise<readonly EvaluatedCase[]>,
): ExportedEvaluation {
  const indices = dataset === null ? [...summary.datasets.keys()] : [dataset];
  const chosen = indices.map((index) => ({ index, cases: () => readCases(index) }));
  const stem = fileStem([
    summary.name,
    ...(indices.length === 1 ? [summary.datasets[indices[0]!]!.name.replace(DATA_ENDING, '')] : []),
  ]);
  switch (format) {
    case 'json':
      return { name: `evaluation_${stem}.json`, parts: json(summary, chosen) };
    case 'csv':
      return { name: `evaluation_${stem}.csv`, parts: csv(summary, chosen) };
    case 'lm-eval':
      if (chosen.length !== 1) throw oneDatasetPerLog(chosen.length);
      return { name: `samples_${stem}.jsonl`, parts: sampleLog(summary, chosen[0]!) };
    default:
      throw new Error(`internal: no format ${JSON.stringify(format satisfies never)}`);
  }
}

interface Chosen {
  readonly index: number;
  cases(): Promise<readonly EvaluatedCase[]>;
}

async function* json(summary: EvaluationSummary, chosen: readonly Chosen[]): AsyncGenerator<string> {
  const evaluation = JSON.stringify(summary);
  yield `{"format":"crpo-studio-evaluation","version":1,"evaluation":${evaluation},"datasets":[`;
  for (const [position, { index, cases }] of chosen.entries()) {
    yield `${position === 0 ? '' : ','}\n{"dataset":${index},"cases":[`;
    for (const [row, each] of (await cases()).entries())
      yield `${row === 0 ? '' : ','}\n${JSON.stringify(each)}`;
    yield ']}';
  }
  yield ']}\n';
}

async function* csv(summary: EvaluationSummary, chosen: readonly Chosen[]): AsyncGenerator<string> {
  const read = await Promise.all(chosen.map(async ({ index, cases }) => ({ index, cases: await cases() })));
  const all = read.flatMap(({ cases }) => cases);
  const objectives = objectiveNames(all);
  const counts = [
    ...new Set(all.flatMap(({ samples }) => samples.flatMap((each) => Object.keys(each.counts)))),
  ];
  const facets = [...new Set(all.flatMap((each) => Object.keys(each.case.facets ?? {})))];
  yield csvLine([
    ...['policy', 'dataset', 'part', 'case_id', 'line', ...facets.map((facet) => `facet/${facet}`)],
    ...['sample', 'gold', 'answer', 'outcome', 'correct', 'tokens', 'truncated', 'reward'],
    ...objectives.map((name) => `rewards/${name}`),
    ...counts.map((name) => `counts/${name}`),
    ...['question', 'completion'],
  ]);
  for (const { index, cases } of read) {
    const { name, part } = summary.datasets[index]!;
    for (const { case: clinicalCase, samples } of cases) {
      const { id, line, facets: values, answer, openAnswer, question } = clinicalCase;
      const before = [summary.name, name, part, id, line, ...facets.map((facet) => values?.[facet] ?? null)];
      for (const [sample, each] of samples.entries()) {
        yield csvLine([
          ...before,
          ...[sample, answer ?? openAnswer ?? null, each.answer, each.outcome, each.correct],
          ...[each.tokens, each.truncated, each.reward],
          ...objectives.map((objective) => each.rewards[objective] ?? null),
          ...counts.map((count) => each.counts[count] ?? null),
          ...[question, each.completion],
        ]);
      }
    }
  }
}

/** What lm-evaluation-harness writes where its filter finds nothing. */
const NO_ANSWER = '[invalid]';

async function* sampleLog(summary: EvaluationSummary, { cases }: Chosen): AsyncGenerator<string> {
  const { samples, temperature, config } = summary;
  const generation = {
    until: [],
    max_gen_toks: config.sampling.maxCompletionTokens,
    do_sample: samples > 1,
    temperature: samples > 1 ? temperature : 0,
  };
  for (const each of await cases()) yield `${JSON.stringify(await logged(each, generation))}\n`;
}

async function logged({ index, case: clinicalCase, prompt, samples }: EvaluatedCase, generation: object) {
  const target = clinicalCase.answer ?? clinicalCase.openAnswer ?? '';
  const answers = samples.map(({ answer }) => answer ?? NO_ANSWER);
  return {
    doc_id: index,
    doc: clinicalCase,
    target,
    arguments: { gen_args_0: { arg_0: prompt, arg_1: generation } },
    resps: [samples.map(({ completion }) => completion)],
    filtered_resps: samples.length === 1 ? answers : [answers],
    filter: 'boxed',
    metrics: ['acc'],
    // Two spaces of indent, as Python's json.dumps(doc, indent=2, ensure_ascii=False) writes it.
    doc_hash: await hashOf(JSON.stringify(clinicalCase, null, 2)),
    prompt_hash: await hashOf(prompt),
    target_hash: await hashOf(target),
    acc: share(samples),
  };
}

function share(samples: readonly EvaluatedSample[]): number {
  return samples.filter(({ correct }) => correct).length / samples.length;
}

function hashOf(text: string): Promise<string> {
  return sha256(new TextEncoder().encode(text));
}

/** Safe in any file system. */
const DATA_ENDING = /\.(?:jsonl?|csv|tsv)$/i;

function fileStem(names: readonly string[]): string {
  return names.map((name) => name.replaceAll(/[^\w.-]+/g, '-').slice(0, 60)).join('_');
}

function oneDatasetPerLog(datasets: number): StudioError {
  return new StudioError({
    boundary: 'protocol',
    code: 'one-dataset-per-log',
    message: `A sample log of lm-evaluation-harness holds one dataset; expected one, received ${datasets}.`,
    action: 'Export the datasets one by one.',
  });
}
