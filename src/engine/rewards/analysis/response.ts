/** A response read against its case, once for all objectives that read it. */
import type { ScoredCase, TextSpan } from '../../../protocol/scoring';
import type { Response } from '../response';
import { findSectionsLeniently, type LenientSections } from '../sections';
import { type CompiledCase, compiledCase } from './case';
import { type Reasoning, readReasoning } from './reasoning';
import { type OptionStance, readStances } from './stances';

export interface AnalysedResponse {
  readonly compiled: CompiledCase;
  readonly sections: LenientSections;
  readonly reasoning: Reasoning;
  /** Per option. */
  readonly stances: readonly (readonly OptionStance[])[];
  /** A span of the reasoning → of the completion as it came. */
  readonly inCompletion: (span: TextSpan) => TextSpan;
}

const analysed = new WeakMap<Response, AnalysedResponse>();

/** Linear in the response. A response object is scored against one case. */
export function analyseResponse(response: Response, scoredCase: ScoredCase): AnalysedResponse {
  const compiled = compiledCase(scoredCase);
  const known = analysed.get(response);
  if (known?.compiled === compiled) return known;
  const sections = findSectionsLeniently(response);
  const { start, end } = sections.reasoning;
  const reasoning = readReasoning(compiled, response.text.slice(start, end));
  const analysis: AnalysedResponse = {
    compiled,
    sections,
    reasoning,
    stances: readStances(compiled, reasoning),
    inCompletion: (span) => ({
      start: span.start + start + response.offset,
      end: span.end + start + response.offset,
    }),
  };
  analysed.set(response, analysis);
  return analysis;
}
