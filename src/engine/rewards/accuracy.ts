/**
 * Accuracy: objective (a), exactly as in Clinical-R1's released rule. One box with the gold letter
 * earns 1 and with another letter 0; no box at all is 0 too, and so better than a malformed one.
 *
 * An open question has no letters: its one box must hold the gold text, compared by
 * `normalizedAnswer`. That part is this project's own, and knows no synonyms.
 */
import { boxContent, findBoxCommands, findClosedBoxes } from './boxes';
import { evidenceSpan, figure, MAX_EVIDENCE_SPANS } from './evidence';
import type { Objective, ObjectiveResult } from './objective';
import type { Span } from './python-text';
import { prepareResponse, type Response, type ResponseSettings } from './response';

export const accuracy: Objective = {
  descriptor: {
    name: 'accuracy',
    label: 'Accuracy',
    help:
      'One \\boxed{} with the gold letter 1, with another letter 0; no box 0; not a single capital ' +
      'letter −0.5; not closed on its line −1; n boxes −n, without a lower bound. An open question: the gold text in ' +
      'the box, letter case, punctuation and articles aside, 1; other text 0.',
    aim: 'accuracy',
    min: Number.NEGATIVE_INFINITY,
    max: 1,
    source: 'Clinical-R1 released code, medical_rule_based.py',
  },
  score(response, { answer, openAnswer }) {
    if (answer !== null) return scoreBoxes(response, (box) => gradeLetter(box, answer));
    return openAnswer === undefined ? null : scoreBoxes(response, (box) => gradeText(box, openAnswer));
  },
};

/**
 * The boxed letter, A to Z, if the completion has exactly one box and only that letter in it;
 * else null: not parsable. The letter need not be one of the case's options.
 */
export function extractAnswer(completion: string, settings: ResponseSettings): string | null {
  const content = onlyBoxContent(completion, settings);
  return content !== null && isLetter(content) ? content : null;
}

/** The normalised text of the completion's only box; null: no box, several, not closed, or empty. */
export function extractOpenAnswer(completion: string, settings: ResponseSettings): string | null {
  const content = onlyBoxContent(completion, settings);
  return content === null ? null : normalizedAnswer(content) || null;
}

const LATEX_TEXT = /\\(?:text|textbf|mathrm|mathbf)\s*\{?/g;
const PUNCTUATION = /(?!(?<=\d)[.,/](?=\d))[^\p{L}\p{N}%+<>]+/gu;
const ARTICLES = /\b(?:a|an|the)\b/g;

/**
 * For comparing free answers: Unicode form (NFKC), letter case, LaTeX text commands, articles,
 * punctuation (not inside numbers) and spacing do not count.
 */
export function normalizedAnswer(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(LATEX_TEXT, ' ')
    .replace(PUNCTUATION, ' ')
    .replace(ARTICLES, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

type Grade = readonly [value: number, rule: string];

function gradeLetter(content: string, gold: string): Grade {
  if (!isLetter(content)) return [-0.5, 'not-a-letter'];
  return content === gold ? [1, 'correct'] : [0, 'wrong'];
}

function gradeText(content: string, gold: string): Grade {
  const answer = normalizedAnswer(content);
  return answer !== '' && answer === normalizedAnswer(gold) ? [1, 'correct-text'] : [0, 'wrong-text'];
}

/** `grade` judges what stands in the only box. */
function scoreBoxes(response: Response, grade: (content: string) => Grade): ObjectiveResult {
  const { text } = response;
  const { count, spans } = findBoxCommands(text, MAX_EVIDENCE_SPANS);
  const result = (value: number, rule: string, shown = spans): ObjectiveResult => ({
    value,
    evidence: {
      rule,
      counts: { boxes: count },
      spans: shown.map((span) => evidenceSpan(response, span, 'box')),
      items: [],
      arithmetic: `${count} ${count === 1 ? 'box' : 'boxes'}, ${rule}: ${figure(value)}`,
    },
  });

  if (count === 0) return result(0, 'no-box');
  if (count > 1) return result(-count, 'several-boxes');
  const box = firstClosedBox(text);
  if (box === null) return result(-1, 'box-not-closed');
  const [value, rule] = grade(boxContent(text, box));
  return result(value, rule, [box]);
}

function onlyBoxContent(completion: string, settings: ResponseSettings): string | null {
  const { text } = prepareResponse(completion, settings);
  if (findBoxCommands(text, 0).count !== 1) return null;
  const box = firstClosedBox(text);
  return box === null ? null : boxContent(text, box);
}

function firstClosedBox(text: string): Span | null {
  return findClosedBoxes(text, { start: 0, end: text.length }, 1)[0] ?? null;
}

function isLetter(content: string): boolean {
  return content.length === 1 && content >= 'A' && content <= 'Z';
}
