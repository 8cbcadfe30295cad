/**
 * Citation: objective (d) of docs/objectives.md. How much of the vignette the reasoning cites, where
 * it draws inferences from what it cites. A list of everything earns little: a sentence is worth at
 * most two and a half findings, and copies of the question nothing.
 */
import type { EvidenceItem } from '../../protocol/scoring';
import type { Citations } from './analysis/citations';
import type { Finding } from './analysis/findings';
import { type Mention, mentionSpan } from './analysis/passage';
import type { Reasoning } from './analysis/reasoning';
import { analyseResponse } from './analysis/response';
import { figure, itemisedEvidence } from './evidence';
import type { Objective } from './objective';

/** K of docs/objectives.md: so many findings of weight 1, well cited, are enough. */
const ENOUGH = 5;
/** Credit for naming a finding without inferring anything from it. */
const UNLINKED = 0.5;
/** More findings than this in one sentence share the credit of so many. */
const FINDINGS_PER_SENTENCE = 3;
/** Credit of one sentence, at most. */
const CREDIT_PER_SENTENCE = 2.5;

export const citation: Objective = {
  descriptor: {
    name: 'citation',
    label: 'Evidence citation',
    help:
      'Findings of the vignette that the reasoning cites and draws inferences from, out of five or all there ' +
      'are. Naming one without an inference counts half; copied sentences count nothing.',
    aim: 'faithfulness',
    min: 0,
    max: 1,
    source: 'This project’s own rule (d), docs/objectives.md, after the evidence density of arXiv 2512.00601',
  },
  score(response, scoredCase) {
    const { compiled, reasoning, inCompletion } = analyseResponse(response, scoredCase);
    if (!compiled.isVignette) return null;
    const spent = new Map<number, number>();
    const items: EvidenceItem[] = [];
    let sum = 0;
    let cited = 0;
    compiled.findings.forEach((finding, index) => {
      const about = { label: finding.label, source: { part: 'question', ...finding.source } };
      const citations = reasoning.citations[index]!;
      const best = bestCitation(citations, reasoning);
      const [copy] = citations.values();
      if (best !== null) {
        const { sentence } = best.mention;
        const left = CREDIT_PER_SENTENCE - (spent.get(sentence) ?? 0);
        const value = Math.min(finding.weight * best.share, left);
        spent.set(sentence, CREDIT_PER_SENTENCE - left + value);
        sum += value;
        cited++;
        const completion = inCompletion(mentionSpan(reasoning.passage, best.mention));
        items.push({ kind: 'cited', ...about, value, reason: reasonOf(finding, best, value), completion });
      } else if (copy !== undefined) {
        const completion = inCompletion(mentionSpan(reasoning.passage, copy));
        const reason = 'only in a sentence copied from the question';
        items.push({ kind: 'copied', ...about, value: 0, reason, completion });
      } else {
        items.push({ kind: 'not-cited', ...about, value: 0 });
      }
    });
    const value = Math.min(1, sum / Math.min(compiled.weight, ENOUGH));
    const words = reasoning.content.length;
    return {
      value,
      evidence: itemisedEvidence({
        rule: cited === 0 ? 'nothing-cited' : 'cited',
        counts: {
          cited,
          findings: compiled.findings.length,
          citationsPer100Words: words === 0 ? 0 : (100 * cited) / words,
        },
        items,
        arithmetic: `min(1, ${figure(sum)} / min(${figure(compiled.weight)}, ${ENOUGH})) = ${figure(value)}`,
      }),
    };
  },
};

interface Citation {
  readonly mention: Mention;
  readonly isLinked: boolean;
  /** Findings cited in the sentence. */
  readonly others: number;
  /** Share of the finding's weight that it earns. */
  readonly share: number;
}

/** The sentence that earns most; the first of equals. null: cited nowhere but in copies. */
function bestCitation(citations: Citations, { sentences }: Reasoning): Citation | null {
  let best: Citation | null = null;
  for (const [sentence, mention] of citations) {
    const { isCopied, isLinked, cited } = sentences[sentence]!;
    if (isCopied) continue;
    const share = (isLinked ? 1 : UNLINKED) * Math.min(1, FINDINGS_PER_SENTENCE / cited);
    if (best === null || share > best.share) best = { mention, isLinked, others: cited, share };
  }
  return best;
}

function reasonOf({ weight }: Finding, { isLinked, others, share }: Citation, value: number): string {
  const parts = [`weight ${weight}`, isLinked ? 'linked to an inference' : 'no inference drawn: half'];
  if (others > FINDINGS_PER_SENTENCE)
    parts.push(`${others} findings share the credit of ${FINDINGS_PER_SENTENCE}`);
  if (value < weight * share) parts.push(`a sentence earns at most ${CREDIT_PER_SENTENCE}`);
  return parts.join(', ');
}
