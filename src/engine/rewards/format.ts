/**
 * Format: objective (b), exactly as in Clinical-R1's released rule: 1 for reasoning and conclusion
 * in their tags with nothing around them, half more for a conclusion that says something beside
 * its one box. Empty sections still earn the first point.
 *
 * Well-formed is that first point alone: the "generic format" of the paper's GRPO arm.
 */
import { findClosedBoxes } from './boxes';
import { type Evidence, evidenceSpan } from './evidence';
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
    if (box === undefined)
      return { value: 1, evidence: sectionsEvidence(response, sections, 'no-closed-box') };
    if (boxes.length > 1)
      return { value: 1, evidence: sectionsEvidence(response, sections, 'several-boxes') };
    if (box.start === inner.start && box.end === inner.end) {
      return { value: 1, evidence: sectionsEvidence(response, sections, 'only-a-box') };
    }
    return { value: 1.5, evidence: sectionsEvidence(response, sections, 'text-and-one-box') };
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
      : { value: 1, evidence: sectionsEvidence(response, sections, 'well-formed') };
  },
};

function faultEvidence(rule: string): Evidence {
  return { rule, counts: {}, spans: [] };
}

function sectionsEvidence(response: Response, sections: Sections, rule: string): Evidence {
  return {
    rule,
    counts: {},
    spans: [
      evidenceSpan(response, sections.reasoning, 'reasoning'),
      evidenceSpan(response, sections.conclusion, 'conclusion'),
    ],
  };
}
