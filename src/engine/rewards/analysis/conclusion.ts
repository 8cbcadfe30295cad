/** What a conclusion claims, and whether the reasoning has it too: objective (g) of docs/objectives.md. */
import type { TextSpan } from '../../../protocol/scoring';
import { numberLabel } from './findings';
import { mentionSpan } from './passage';
import { type Reasoning, readReasoning } from './reasoning';
import type { AnalysedResponse } from './response';
import { valueSet } from './values';

export interface Claim {
  readonly label: string;
  /** The reasoning has it too. */
  readonly isSupported: boolean;
  /** In the conclusion. */
  readonly span: TextSpan;
  /** In the question, for a finding of the case. */
  readonly source?: TextSpan;
}

/**
 * Findings of the case, other concepts that no option has, and numbers that the case lacks.
 * `conclusion` without its boxes.
 */
export function findConclusionClaims({ compiled, reasoning }: AnalysedResponse, conclusion: string): Claim[] {
  const concluding = readReasoning(compiled, conclusion);
  return [
    ...findingClaims(concluding, reasoning, compiled.findings),
    ...conceptClaims(concluding, reasoning, compiled),
    ...numberClaims(concluding, reasoning, compiled),
  ];
}

/** A finding of one phrase of one word is too little to be a claim. */
function findingClaims(
  { passage, citations }: Reasoning,
  reasoning: Reasoning,
  findings: AnalysedResponse['compiled']['findings'],
): Claim[] {
  return findings.flatMap((finding, index) => {
    const [mention] = citations[index]!.values();
    if (mention === undefined || (finding.kind === 'phrase' && finding.stems.length < 2)) return [];
    const isSupported = reasoning.citations[index]!.size > 0;
    return [
      { label: finding.label, isSupported, span: mentionSpan(passage, mention), source: finding.source },
    ];
  });
}

function conceptClaims(
  { passage }: Reasoning,
  reasoning: Reasoning,
  { findings, derived, elsewhere }: AnalysedResponse['compiled'],
): Claim[] {
  const ofCase = new Set(findings.flatMap((finding) => (finding.kind === 'concept' ? finding.concept : [])));
  const said = new Set(reasoning.passage.concepts.map(({ id }) => id));
  const seen = new Set<string>();
  return passage.concepts.flatMap((mention) => {
    const { id } = mention;
    if (seen.has(id) || ofCase.has(id) || derived.has(id) || elsewhere.has(id)) return [];
    seen.add(id);
    return [{ label: id, isSupported: said.has(id), span: mentionSpan(passage, mention) }];
  });
}

function numberClaims(
  { passage }: Reasoning,
  reasoning: Reasoning,
  { values }: AnalysedResponse['compiled'],
): Claim[] {
  const said = valueSet(reasoning.passage.numbers.map((number) => number.values[0]!));
  return passage.numbers.flatMap((number) => {
    const value = number.values[0]!;
    if (values.has(value)) return [];
    return [
      {
        label: numberLabel(passage, number),
        isSupported: said.has(value),
        span: mentionSpan(passage, number),
      },
    ];
  });
}
