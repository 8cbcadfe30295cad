/**
 * Faithfulness: objective (e) of docs/objectives.md. Of what the reasoning says of the patient, how
 * much the case bears out. Silence is not faithful.
 */
import type { EvidenceItem } from '../../protocol/scoring';
import { findConceptViolations, type Violation } from './analysis/claims';
import { findNumberViolations } from './analysis/number-claims';
import { mentionSpan } from './analysis/passage';
import { analyseResponse } from './analysis/response';
import { figure, itemisedEvidence } from './evidence';
import type { Objective } from './objective';

/** A violation weighs as much as so many findings. */
const PENALTY = 2;
/** Findings that must be cited for full marks, if the case has them. */
const ENOUGH = 3;

export const faithfulness: Objective = {
  descriptor: {
    name: 'faithfulness',
    label: 'Faithfulness',
    help:
      'Findings that the reasoning cites against numbers it gets wrong, findings it invents and findings it ' +
      'turns round. 0 if it says nothing of the patient.',
    aim: 'faithfulness',
    min: 0,
    max: 1,
    source:
      'This project’s own rule (e), docs/objectives.md, after the hallucination count of arXiv 2512.00601',
  },
  score(response, scoredCase) {
    const { compiled, reasoning, inCompletion } = analyseResponse(response, scoredCase);
    if (!compiled.isVignette) return null;
    const supported = compiled.findings.flatMap(({ label, source }, index): EvidenceItem[] => {
      const mention = [...reasoning.citations[index]!.values()].find(
        ({ sentence }) => !reasoning.sentences[sentence]!.isCopied,
      );
      if (mention === undefined) return [];
      const completion = inCompletion(mentionSpan(reasoning.passage, mention));
      return [{ kind: 'supported', label, value: 1, completion, source: { part: 'question', ...source } }];
    });
    const violations = [
      ...findNumberViolations(compiled, reasoning).values(),
      ...findConceptViolations(compiled, reasoning).values(),
    ];
    const unsupported = violations.map(
      ({ kind, label, weight, reason, mention, source }: Violation): EvidenceItem => ({
        kind,
        label,
        value: weight,
        reason,
        completion: inCompletion(mentionSpan(reasoning.passage, mention)),
        ...(source && { source: { part: 'question', ...source } }),
      }),
    );
    const good = supported.length;
    const bad = violations.reduce((sum, { weight }) => sum + weight, 0);
    const needed = Math.min(ENOUGH, compiled.findings.length);
    const claims = good + PENALTY * bad;
    const value = claims === 0 ? 0 : (good / claims) * Math.min(1, good / needed);
    return {
      value,
      evidence: itemisedEvidence({
        rule: claims === 0 ? 'silent' : violations.length === 0 ? 'supported' : 'violations',
        counts: { supported: good, violations: violations.length },
        items: [...unsupported, ...supported],
        arithmetic:
          claims === 0
            ? 'nothing said of the patient: 0'
            : `${good} / (${good} + ${PENALTY} × ${figure(bad)}) × min(1, ${good} / ${needed}) = ${figure(value)}`,
      }),
    };
  },
};
