/**
 * Accuracy: objective (a), exactly as in Clinical-R1's released rule. One box with the gold letter
 * earns 1 and with another letter 0; no box at all is 0 too, and so better than a malformed one.
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
      'letter −0.5; not closed on its line −1; n boxes −n, without a lower bound.',
    aim: 'accuracy',
    min: Number.NEGATIVE_INFINITY,
    max: 1,
    source: 'Clinical-R1 released code, medical_rule_based.py',
  },
  score(response, { answer }) {
    return answer === null ? null : scoreBoxes(response, answer);
  },
};

/**
 * The boxed letter, A to Z, if the completion has exactly one box and only that letter in it;
 * else null: not parsable. The letter need not be one of the case's options.
 */
export function extractAnswer(completion: string, settings: ResponseSettings): string | null {
  const { text } = prepareResponse(completion, settings);
  if (findBoxCommands(text, 0).count !== 1) return null;
  const box = firstClosedBox(text);
  return box === null ? null : boxedLetter(text, box);
}

function scoreBoxes(response: Response, gold: string): ObjectiveResult {
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
  const letter = boxedLetter(text, box);
  if (letter === null) return result(-0.5, 'not-a-letter', [box]);
  return letter === gold ? result(1, 'correct', [box]) : result(0, 'wrong', [box]);
}

function firstClosedBox(text: string): Span | null {
  return findClosedBoxes(text, { start: 0, end: text.length }, 1)[0] ?? null;
}

/** The content of a box, if that is one capital letter. */
function boxedLetter(text: string, box: Span): string | null {
  const content = boxContent(text, box);
  return content.length === 1 && content >= 'A' && content <= 'Z' ? content : null;
}
