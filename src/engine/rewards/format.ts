/**
 * Format: objective (b), exactly as in Clinical-R1's released rule: 1 for reasoning and conclusion
 * in their tags with nothing around them, half more for a conclusion that says something beside
 * its one box. Empty sections still earn the first point.
 *
 * Well-formed is that first point alone: the "generic format" of the paper's GRPO arm.
 */
import type { Evidence } from '../../protocol/scoring';
import { findClosedBoxes } from './boxes';
import { evidenceSpan } from './evidence';
import type { Objective } from './objective';
import { stripRange } from './python-text';
import type { Response } from './response';
import { findSections, type Sections } from './sections';

export const format: Objective = {
  descriptor: {
    name: 'format',
    label: 'Format',
    help: 'Reasoning and conclusion in their tags, nothing around them: 1. Half more if the conclusion has one box and other text.',
    aim: 'form',
    min: 0,
    max: 1.5,
    source: 'Clinical-R1 released code, medical_rule_based.py',
  },
  score(response) {
    const sections = findSections(response);
    if (typeof sections === 'string') return { value: 0, evidence: faultEvidence(sections) };
    const inner = stripRange(response.text, sections.conclusion);
    const boxes = findClosedBoxes(response.text, inner, 2);
    const [box] = boxes;
    const result = (value: number, rule: string, arithmetic: string) => ({
      value,
      evidence: sectionsEvidence(response, sections, rule, arithmetic),
    });
    if (box === undefined) return result(1, 'no-closed-box', 'sections 1 + no closed box 0 = 1');
    if (boxes.length > 1) return result(1, 'several-boxes', 'sections 1 + several boxes 0 = 1');
    if (box.start === inner.start && box.end === inner.end) {
      return result(1, 'only-a-box', 'sections 1 + nothing beside the box 0 = 1');
    }
    return result(1.5, 'text-and-one-box', 'sections 1 + text and one box 0.5 = 1.5');
  },
};

export const wellFormed: Objective = {
  descriptor: {
    name: 'wellFormed',
    label: 'Well-formed tags',
    help: 'Reasoning and conclusion in their tags, nothing around them: 1, else 0.',
    aim: 'form',
    min: 0,
    max: 1,
    source:
      'First point of the released format rule; the generic format of the GRPO arm (summary of arXiv 2512.00601)',
  },
  score(response) {
    const sections = findSections(response);
    return typeof sections === 'string'
      ? { value: 0, evidence: faultEvidence(sections) }
      : { value: 1, evidence: sectionsEvidence(response, sections, 'well-formed', 'sections 1') };
  },
};

function faultEvidence(rule: string): Evidence {
  return { rule, counts: {}, spans: [], items: [], arithmetic: 'not well-formed: 0' };
}

function sectionsEvidence(
  response: Response,
  sections: Sections,
  rule: string,
  arithmetic: string,
): Evidence {
  return {
    rule,
    counts: {},
    spans: [
      evidenceSpan(response, sections.reasoning, 'reasoning'),
      evidenceSpan(response, sections.conclusion, 'conclusion'),
    ],
    items: [],
    arithmetic,
  };
}
