/**
 * Support: objective (g) of docs/objectives.md. Whether the conclusion follows from the reasoning: the
 * boxed option is discussed there and not rejected, what the conclusion claims was said there, and
 * the reasoning ends with that option.
 */
import type { EvidenceItem, ScoredCase } from '../../protocol/scoring';
import { findAnswerStatements } from './analysis/answers';
import { type Claim, findConclusionClaims } from './analysis/conclusion';
import { mentionSpan, sentenceSpan } from './analysis/passage';
import { type AnalysedResponse, analyseResponse } from './analysis/response';
import { lastStance } from './analysis/stances';
import { boxContent, findClosedBoxes } from './boxes';
import { figure, itemisedEvidence } from './evidence';
import type { Objective, ObjectiveResult } from './objective';
import type { Span } from './python-text';
import type { Response } from './response';

/** Parts of the score: the option is considered, the claims are borne out, the reasoning concludes it. */
const WEIGHTS = { considered: 0.3, claims: 0.4, concluded: 0.3 };

export const support: Objective = {
  descriptor: {
    name: 'support',
    label: 'Supported conclusion',
    help:
      'One listed letter in the box, considered and not rejected in the reasoning 0.3; the conclusion’s claims ' +
      'that the reasoning has too, up to 0.4; the reasoning ends with that letter 0.3.',
    aim: 'faithfulness',
    min: 0,
    max: 1,
    source: 'This project’s own rule (g), docs/objectives.md',
  },
  score(response, scoredCase) {
    const analysed = analyseResponse(response, scoredCase);
    const { conclusion } = analysed.sections;
    if (conclusion === null) return nothing('no-conclusion', 'no conclusion');
    const boxes = findClosedBoxes(response.text, conclusion, Number.POSITIVE_INFINITY);
    const claims = findConclusionClaims(analysed, withoutBoxes(response.text, conclusion, boxes));
    const claimItems = claims.map((claim) => claimItem(response, conclusion, claim));
    const supported = claims.filter(({ isSupported }) => isSupported).length;
    const counts = { claims: claims.length, supportedClaims: supported };
    const share = claims.length === 0 ? 0 : supported / claims.length;
    const shareLine = claims.length === 0 ? '0' : `${supported} / ${claims.length}`;
    if (isOpen(scoredCase)) {
      const arithmetic = claims.length === 0 ? 'no claim: 0' : `${shareLine} = ${figure(share)}`;
      return {
        value: share,
        evidence: itemisedEvidence({ rule: 'claims-only', counts, items: claimItems, arithmetic }),
      };
    }

    const option = boxedOption(analysed, response.text, boxes);
    if (option === null) return nothing('no-listed-letter', 'not exactly one box with a listed letter');
    const considered = consideredItem(analysed, option);
    const concluded = concludedItem(analysed, option);
    const value =
      WEIGHTS.considered * considered.value + WEIGHTS.claims * share + WEIGHTS.concluded * concluded.value;
    return {
      value,
      evidence: itemisedEvidence({
        rule: 'boxed',
        counts,
        items: [considered, concluded, ...claimItems],
        arithmetic:
          `${WEIGHTS.considered} × ${considered.value} + ${WEIGHTS.claims} × ${shareLine} + ` +
          `${WEIGHTS.concluded} × ${concluded.value} = ${figure(value)}`,
      }),
    };
  },
};

function nothing(rule: string, words: string): ObjectiveResult {
  const counts = { claims: 0, supportedClaims: 0 };
  return { value: 0, evidence: itemisedEvidence({ rule, counts, items: [], arithmetic: `${words}: 0` }) };
}

/** Nothing to choose from: only the claims can be checked. */
function isOpen({ options }: ScoredCase): boolean {
  return Object.keys(options).length === 0;
}

/** The conclusion with spaces where its boxes are, so that offsets stay. */
function withoutBoxes(text: string, conclusion: Span, boxes: readonly Span[]): string {
  const pieces: string[] = [];
  let at = conclusion.start;
  for (const { start, end } of boxes) {
    pieces.push(text.slice(at, start), ' '.repeat(end - start));
    at = end;
  }
  return pieces.join('') + text.slice(at, conclusion.end);
}

/** The option in the only box that holds one capital letter. */
function boxedOption({ compiled }: AnalysedResponse, text: string, boxes: readonly Span[]): number | null {
  const letters = boxes.map((box) => boxContent(text, box)).filter((content) => /^[A-Z]$/.test(content));
  return letters.length === 1 ? (compiled.letters.get(letters[0]!) ?? null) : null;
}

function claimItem(
  response: Response,
  { start }: Span,
  { label, isSupported, span, source }: Claim,
): EvidenceItem {
  const offset = start + response.offset;
  return {
    kind: isSupported ? 'supported' : 'unsupported',
    label,
    value: isSupported ? 1 : 0,
    reason: isSupported ? 'in the reasoning too' : 'not in the reasoning',
    completion: { start: span.start + offset, end: span.end + offset },
    ...(source && { source: { part: 'question', ...source } }),
  };
}

/** g2: mentioned in the reasoning, and its last stance is no rejection. */
function consideredItem(
  { compiled, reasoning, stances, inCompletion }: AnalysedResponse,
  option: number,
): EvidenceItem {
  const { label } = compiled.options[option]!;
  const of = stances[option]!;
  const last = lastStance(of) ?? of[0];
  const value = last !== undefined && last.stance !== -1 ? 1 : 0;
  return {
    kind: 'considered',
    label,
    value,
    reason:
      last === undefined
        ? 'the reasoning does not mention it'
        : value === 1
          ? 'the reasoning mentions it and does not end up rejecting it'
          : 'the reasoning ends up rejecting it',
    ...(last && { completion: inCompletion(sentenceSpan(reasoning.passage, last.sentence)) }),
  };
}

/** g4: discussed, no other answer said last, and no other option held in higher favour. */
function concludedItem(
  { compiled, reasoning, stances, inCompletion }: AnalysedResponse,
  option: number,
): EvidenceItem {
  const { label, letter } = compiled.options[option]!;
  const said = findAnswerStatements(reasoning.passage.stream, compiled.letters).at(-1);
  const completion = said && inCompletion(mentionSpan(reasoning.passage, said));
  const item = (value: number, reason: string): EvidenceItem => ({
    kind: 'concluded',
    label,
    value,
    reason,
    ...(completion && { completion }),
  });
  if (said !== undefined && said.letter !== letter) return item(0, `the reasoning says ${said.letter} last`);
  if (said === undefined && stances[option]!.length === 0)
    return item(0, 'the reasoning does not discuss it');
  if (lastStance(stances[option]!)?.stance === -1) return item(0, 'the reasoning ends up rejecting it');
  const favour = stances.map((of) => of.reduce((sum, { stance }) => sum + stance, 0));
  if (favour[option]! < 0) return item(0, 'the reasoning speaks against it more often than for it');
  const rival = favour.findIndex((other) => other > 0 && other > favour[option]!);
  if (rival !== -1) return item(0, `the reasoning speaks more often for ${compiled.options[rival]!.letter}`);
  return item(1, said === undefined ? 'the reasoning favours no other option' : 'the reasoning says so');
}
