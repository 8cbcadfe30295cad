/**
 * Completions made elsewhere → evaluated cases, by the same rules as the policy's own. Lines are
 * rows of lm-evaluation-harness's sample log (`doc_id, doc, arguments, resps, …`) or of TRL's kind
 * (`prompt, completion`, as text or as messages). A row belongs to the case whose question its
 * document or prompt holds; a row without any text, to the case with its `doc_id` as position.
 *
 * Bad lines are named and left out. Lines, completions per case and named issues are bounded.
 */
import type { EvaluatedCase, EvaluationImport } from '../../protocol';
import { type ClinicalCase, StudioError } from '../../protocol';
import { parseJson } from '../data/json';
import { type Judge, judge } from './answer';
import { MAX_SAMPLES } from './evaluate';
import { QuestionFinder } from './match';

/** A completion and its document; longer lines are no rows of ours. */
const MAX_LINE_CHARACTERS = 4_000_000;
const NAMED_ISSUES = 100;

export interface ImportedCompletions {
  readonly cases: readonly EvaluatedCase[];
  readonly report: Omit<EvaluationImport, 'evaluation'>;
}

type Issue = EvaluationImport['issues'][number];

/** What a row gives: texts to find its case by, and completions. */
interface Row {
  readonly questions: readonly string[];
  readonly prompt: string;
  readonly docId: number | null;
  readonly completions: readonly string[];
  /** Of the sample log: the same responses come once per filter. */
  readonly filter: string | null;
}

class BadRow extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

/** @throws StudioError `nothing-imported` when no line gives a completion of a case */
export async function importCompletions(
  name: string,
  lines: Iterable<string>,
  cases: readonly ClinicalCase[],
  judging: Judge,
): Promise<ImportedCompletions> {
  const finder = new QuestionFinder(cases);
  const found = new Map<number, { readonly prompt: string; readonly completions: string[] }>();
  const issues: Issue[] = [];
  let [count, badLines, completions] = [0, 0, 0];
  let filter: string | null = null;
  for (const line of lines) {
    count++;
    if (line.trim() === '') continue;
    try {
      const row = readRow(line);
      filter ??= row.filter;
      if (row.filter !== null && row.filter !== filter) continue;
      const index = caseOf(row, finder, cases.length);
      const entry = found.get(index) ?? { prompt: row.prompt, completions: [] };
      if (entry.completions.length + row.completions.length > MAX_SAMPLES) {
        const message = `Expected at most ${MAX_SAMPLES} completions of a case, received more.`;
        throw new BadRow('too-many-completions', message);
      }
      entry.completions.push(...row.completions);
      completions += row.completions.length;
      found.set(index, entry);
    } catch (error) {
      if (!(error instanceof BadRow)) throw error;
      badLines++;
      if (issues.length < NAMED_ISSUES)
        issues.push({ line: count, kind: error.kind, message: error.message });
    }
  }
  if (found.size === 0) throw nothingImported(name, count, issues[0]);
  const report = { lines: count, completions, badLines, issues, casesWithout: cases.length - found.size };
  const evaluated: EvaluatedCase[] = [];
  for (const [index, { prompt, completions }] of [...found].sort(([a], [b]) => a - b)) {
    const clinicalCase = cases[index]!;
    const samples = await Promise.all(
      completions.map((completion) =>
        judge(judging, clinicalCase, { completion, tokens: null, truncated: false }),
      ),
    );
    evaluated.push({ index: evaluated.length, case: clinicalCase, prompt, promptTokens: null, samples });
  }
  return { cases: evaluated, report };
}

/** The lines of a text, without their ends; CR LF ends a line too. */
export function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
  }
}

function readRow(line: string): Row {
  if (line.length > MAX_LINE_CHARACTERS) {
    const message = `Expected at most ${MAX_LINE_CHARACTERS} characters, received ${line.length}.`;
    throw new BadRow('line-too-long', message);
  }
  const parsed = parseJson(line);
  if ('fault' in parsed) throw new BadRow(parsed.fault.kind, `Not valid JSON: ${parsed.fault.message}.`);
  const { value } = parsed;
  if (!isObject(value)) throw new BadRow('not-an-object', 'Expected an object, received another value.');
  if ('resps' in value) return sampleLogRow(value);
  if ('completion' in value) return promptRow(value);
  const fields = Object.keys(value).slice(0, 8).join(', ');
  throw new BadRow(
    'unknown-row',
    `Expected "resps" or "completion", received the fields ${fields || 'of none'}.`,
  );
}

/** `resps` is requests × repeats; more than one request, or pairs in it, means log-likelihoods of options. */
function sampleLogRow({ resps, doc, doc_id, arguments: given, filter }: Record<string, unknown>): Row {
  const repeats: unknown = Array.isArray(resps) && resps.length === 1 ? resps[0] : null;
  const completions: unknown = typeof repeats === 'string' ? [repeats] : repeats;
  if (!Array.isArray(completions) || completions.length === 0 || !completions.every(isText)) {
    const message =
      'Expected one request with generated texts in "resps"; log-likelihoods of options are none.';
    throw new BadRow('no-completion', message);
  }
  const document = isObject(doc) ? doc : {};
  return {
    questions: ['question', 'Question', 'sent1', 'query', 'problem', 'input'].flatMap((field) =>
      isText(document[field]) ? [document[field]] : [],
    ),
    prompt: firstArgument(given),
    docId: typeof doc_id === 'number' ? doc_id : null,
    completions,
    filter: isText(filter) ? filter : null,
  };
}

/** `{gen_args_0: {arg_0: prompt}}`, or `[[prompt, …]]` as older versions wrote. */
function firstArgument(given: unknown): string {
  const request: unknown = Array.isArray(given) ? given[0] : isObject(given) ? given.gen_args_0 : null;
  const prompt: unknown = Array.isArray(request) ? request[0] : isObject(request) ? request.arg_0 : null;
  return isText(prompt) ? prompt : '';
}

function promptRow({ prompt, completion }: Record<string, unknown>): Row {
  const text = messageText(completion);
  if (text === null) {
    throw new BadRow('no-completion', 'Expected "completion" as text or messages, received another value.');
  }
  return { questions: [], prompt: messageText(prompt) ?? '', docId: null, completions: [text], filter: null };
}

/** A text, or the contents of a conversation. */
function messageText(value: unknown): string | null {
  if (isText(value)) return value;
  if (!Array.isArray(value)) return null;
  const contents = value.map((message: unknown) => (isObject(message) ? message.content : null));
  return contents.every(isText) ? contents.join('\n') : null;
}

function caseOf({ questions, prompt, docId }: Row, finder: QuestionFinder, count: number): number {
  for (const question of questions) {
    const index = finder.exactly(question) ?? finder.within(question);
    if (index !== null) return index;
  }
  const index = finder.within(prompt);
  if (index !== null) return index;
  const hasText = questions.length > 0 || prompt !== '';
  if (!hasText && docId !== null && Number.isInteger(docId) && docId >= 0 && docId < count) return docId;
  const message = hasText
    ? 'Its question is none of the dataset’s.'
    : `Expected a question, a prompt or a doc_id from 0 to ${count - 1}, received none.`;
  throw new BadRow('no-case', message);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nothingImported(name: string, lines: number, first: Issue | undefined): StudioError {
  const example = first === undefined ? '' : ` Line ${first.line}: ${first.message}`;
  return new StudioError({
    boundary: 'data',
    code: 'nothing-imported',
    message: `${name}: expected completions of the dataset's cases, received none in ${lines} lines.${example}`,
    action:
      'Give a sample log of lm-evaluation-harness (--log_samples) of a generating task, or lines of {"prompt", "completion"}, and the dataset they were made on.',
    file: name,
  });
}
