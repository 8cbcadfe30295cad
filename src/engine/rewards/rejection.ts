/**
 * Rejection: objective (f) of docs/objectives.md. For how many wrong options the reasoning says why
 * they are wrong. A reason must have content of its own: the same words for every option count once.
 */
import type { EvidenceItem } from '../../protocol/scoring';
import { sentenceSpan } from './analysis/passage';
import type { Reasoning } from './analysis/reasoning';
import { bestRejection, isSameReason, type Rejection } from './analysis/rejections';
import { type AnalysedResponse, analyseResponse } from './analysis/response';
import { lastStance } from './analysis/stances';
import { figure, itemisedEvidence } from './evidence';
import type { Objective } from './objective';

/** Credit of an option whose reason another option has too. */
const REPEATED_REASON = 0.25;
/** Taken off if the reasoning ends up rejecting the gold option. */
const GOLD_REJECTED = 0.5;

export const rejection: Objective = {
  descriptor: {
    name: 'rejection',
    label: 'Distractor rejection',
    help:
      'Wrong options that the reasoning rejects: with a reason 1, without 0.5, two in a sentence three quarters ' +
      'of it, more 0.25 each. Half a point less if it rejects the gold option.',
    aim: 'comprehensiveness',
    min: 0,
    max: 1,
    source:
      'This project’s own rule (f), docs/objectives.md, after the rebuttal coverage of arXiv 2512.00601',
  },
  score(response, scoredCase) {
    const analysed = analyseResponse(response, scoredCase);
    const { options, letters } = analysed.compiled;
    const gold = letters.get(scoredCase.answer ?? '');
    if (gold === undefined || options.length < 2) return null;
    const credits = creditOptions(analysed, gold);
    const items = credits.map((credit) => itemFor(analysed, credit));
    const goldItem = goldRejection(analysed, gold);
    if (goldItem !== null) items.push(goldItem);

    const sum = credits.reduce((total, { credit }) => total + credit, 0);
    const mean = sum / credits.length;
    const value = goldItem === null ? mean : Math.max(0, mean - GOLD_REJECTED);
    const parts = `(${credits.map(({ credit }) => figure(credit)).join(' + ')}) / ${credits.length}`;
    const line = goldItem === null ? parts : `max(0, ${parts} - ${GOLD_REJECTED})`;
    const rejected = credits.filter(({ credit }) => credit > 0).length;
    return {
      value,
      evidence: itemisedEvidence({
        rule: goldItem === null ? (rejected === 0 ? 'none-rejected' : 'rejected') : 'gold-rejected',
        counts: { rejected, wrongOptions: credits.length },
        items,
        arithmetic: `${line} = ${figure(value)}`,
      }),
    };
  },
};

interface OptionCredit {
  readonly option: number;
  readonly credit: number;
  readonly best: Rejection | null;
  /** Its reason is another option's. */
  readonly isRepeated: boolean;
}

function creditOptions({ compiled, reasoning, stances }: AnalysedResponse, gold: number): OptionCredit[] {
  const reasons: ReadonlySet<string>[] = [];
  const credits: OptionCredit[] = [];
  compiled.options.forEach(({ stems }, option) => {
    if (option === gold) return;
    const best = bestRejection(reasoning, stances[option]!, stems);
    const reason = best?.reason ?? null;
    const isRepeated = reason !== null && reasons.some((other) => isSameReason(reason, other));
    if (reason !== null) reasons.push(reason);
    const credit = best?.credit ?? 0;
    credits.push({
      option,
      credit: isRepeated ? Math.min(credit, REPEATED_REASON) : credit,
      best,
      isRepeated,
    });
  });
  return credits;
}

function itemFor(
  analysed: AnalysedResponse,
  { option, credit, best, isRepeated }: OptionCredit,
): EvidenceItem {
  const { compiled, reasoning, stances, inCompletion } = analysed;
  const { label, letter, passage } = compiled.options[option]!;
  const source = { part: letter, start: 0, end: passage.normalised.original.length };
  const place = (sentence: number) => inCompletion(sentenceSpan(reasoning.passage, sentence));
  if (best !== null) {
    const reason = isRepeated ? `the same reason as another option: ${REPEATED_REASON}` : reasonFor(best);
    return { kind: 'rejected', label, value: credit, reason, completion: place(best.sentence), source };
  }
  const [mentioned] = stances[option]!;
  if (mentioned === undefined) return { kind: 'not-mentioned', label, value: 0, source };
  const reason = isOnlyCopied(reasoning, analysed.stances[option]!)
    ? 'only in a sentence copied from the question'
    : 'mentioned, not rejected';
  return { kind: 'mentioned', label, value: 0, reason, completion: place(mentioned.sentence), source };
}

function isOnlyCopied({ sentences }: Reasoning, stances: AnalysedResponse['stances'][number]): boolean {
  return stances.every(({ sentence }) => sentences[sentence]!.isCopied);
}

function reasonFor({ options, reason, basis }: Rejection): string {
  if (options > 2) return `${options} options in one sentence: 0.25 each`;
  const grounds = reason === null ? 'no reason: 0.5' : basis;
  return options === 2 ? `${grounds}; two options in one sentence: × 0.75` : grounds;
}

function goldRejection(
  { compiled, reasoning, stances, inCompletion }: AnalysedResponse,
  gold: number,
): EvidenceItem | null {
  const last = lastStance(stances[gold]!);
  if (last?.stance !== -1) return null;
  return {
    kind: 'gold-rejected',
    label: compiled.options[gold]!.label,
    value: -GOLD_REJECTED,
    reason: 'the last word on the gold option rejects it',
    completion: inCompletion(sentenceSpan(reasoning.passage, last.sentence)),
  };
}
