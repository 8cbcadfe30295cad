/** What the tests of objectives (d) to (i) share: the worked examples, their cases, and one way to score. */
import { readFileSync } from 'node:fs';
import type { Objective } from '../../../src/engine/rewards/objective';
import { prepareResponse } from '../../../src/engine/rewards/response';
import type { Evidence, ResponseSettings, ScoredCase } from '../../../src/protocol/scoring';

export interface WorkedExample<Expected> {
  readonly objective: string;
  readonly case: string;
  readonly response: string;
  readonly options: { readonly tokens?: number; readonly maxTokens?: number };
  readonly expected: Expected;
  readonly note: string;
}

const folder = new URL('../../fixtures/objectives/', import.meta.url);

export const CASES: Readonly<Record<string, ScoredCase>> = JSON.parse(
  readFileSync(new URL('examples_cases.json', folder), 'utf8'),
);
export const C1 = CASES.C1!;
export const C2 = CASES.C2!;
export const C3 = CASES.C3!;

/** The examples of the specification for one objective; they name their case. */
export function workedExamples<Expected>(objective: string): WorkedExample<Expected>[] {
  return readFileSync(new URL('examples.jsonl', folder), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): WorkedExample<Expected> => JSON.parse(line))
    .filter((example) => example.objective === objective);
}

const SETTINGS: ResponseSettings = { tags: 'dx', eos: '<|im_end|>', addOpeningTag: false };

export function scoreWith(
  objective: Objective,
  completion: string,
  scoredCase: ScoredCase = C1,
  settings: Partial<ResponseSettings> = {},
) {
  return objective.score(prepareResponse(completion, { ...SETTINGS, ...settings }), scoredCase);
}

/** Reasoning and a conclusion in their tags. */
export function completionOf(reasoning: string, conclusion = 'So \\boxed{A}'): string {
  return `<dx>\n${reasoning}\n</dx>\n<conclusion>\n${conclusion}\n</conclusion>`;
}

/** What an arithmetic line comes to, by doing it: `min(1, 2 / 5) = 0.4` → [0.4, 0.4]; `no penalty: 1` → [1, 1]. */
export function workedOut(arithmetic: string): { computed: number; stated: number } {
  const [words, constant] = arithmetic.split(': ');
  if (constant !== undefined) return { computed: Number(constant), stated: Number(constant) };
  const [left, right] = words!.split(' = ');
  const expression = left!.replaceAll('×', '*');
  if (!/^[-+*/(),.\d\se]*$/.test(expression.replace(/min|max/g, ''))) throw new Error(arithmetic);
  const compute = new Function('min', 'max', `return ${expression}`);
  return { computed: compute(Math.min, Math.max), stated: Number(right) };
}

/** What the items of one kind point at, in the completion and in the question. */
export function pointedAt(
  evidence: Evidence,
  kind: string,
  completion: string,
  { question }: ScoredCase = C1,
): [label: string, said: string | undefined, source: string | undefined][] {
  return evidence.items
    .filter((item) => item.kind === kind)
    .map(({ label, completion: said, source }) => [
      label,
      said && completion.slice(said.start, said.end),
      source && (source.part === 'question' ? question.slice(source.start, source.end) : source.part),
    ]);
}
