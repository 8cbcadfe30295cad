/** What the tests of objectives (d) to (i) share: the worked examples, their cases, and one way to score. */
import { readFileSync } from 'node:fs';
import type { Objective } from '../../../src/engine/rewards/objective';
import { prepareResponse } from '../../../src/engine/rewards/response';
import type { ResponseSettings, ScoredCase } from '../../../src/protocol/scoring';

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
