/**
 * Objectives of the user's own: count matches in a part of the response; `cap` of them earn the whole
 * value, min(matches, cap) / cap. The reasoning and the conclusion of an ill-formed response are not
 * there, so that nothing can be counted in them: the value is 0.
 */
import type { CustomObjective } from '../../protocol/config';
import { CUSTOM_LIMITS, customDescriptor } from '../../protocol/custom';
import type { EvidenceItem } from '../../protocol/scoring';
import { compileMatch, type FindMatches } from './custom-matches';
import { evidenceSpan, figure } from './evidence';
import type { Objective, ObjectiveResult } from './objective';
import type { Span } from './python-text';
import type { Response } from './response';
import { findSections, type SectionsFault } from './sections';

/** A match is quoted up to this many characters. */
const QUOTED = 80;

/** By content: a definition that crossed threads is another object. Forgets the oldest when full. */
const compiled = new Map<string, Objective>();
const MAX_COMPILED = 2 * CUSTOM_LIMITS.objectives;

/**
 * The objective that a definition declares, compiled once. Throws
 * `config-invalid` for a pattern that RE2 refuses; `validateCustom` checks everything else.
 */
export function customObjective(definition: CustomObjective): Objective {
  const key = JSON.stringify(definition);
  const known = compiled.get(key);
  if (known) return known;
  const find = compileMatch(definition.match, `rewards.custom.${definition.name}.match`);
  const objective: Objective = {
    descriptor: customDescriptor(definition),
    score: (response) => countMatches(response, definition, find),
  };
  if (compiled.size >= MAX_COMPILED) compiled.delete(compiled.keys().next().value!);
  compiled.set(key, objective);
  return objective;
}

function countMatches(
  response: Response,
  { where, cap }: CustomObjective,
  find: FindMatches,
): ObjectiveResult {
  const part = partOf(response, where);
  if (typeof part === 'string') {
    const arithmetic = `no ${where} in an ill-formed response: 0`;
    return { value: 0, evidence: { rule: part, counts: { matches: 0 }, spans: [], items: [], arithmetic } };
  }
  const { count, spans, complete } = find(response.text.slice(part.start, part.end), cap);
  const value = Math.min(count, cap) / cap;
  const found = spans.map(({ start, end }) =>
    evidenceSpan(response, { start: part.start + start, end: part.start + end }, 'match'),
  );
  const items = spans.map(({ start, end }, index): EvidenceItem => {
    const text = response.text.slice(part.start + start, part.start + end);
    const counts = index < cap;
    return {
      kind: counts ? 'match' : 'beyond-cap',
      label: text.length > QUOTED ? `${text.slice(0, QUOTED - 1)}…` : text,
      value: counts ? 1 / cap : 0,
      completion: { start: found[index]!.start, end: found[index]!.end },
    };
  });
  return {
    value,
    evidence: {
      rule: !complete ? 'counting-stopped' : count === 0 ? 'no-match' : 'matches',
      counts: { matches: count },
      spans: found,
      items,
      arithmetic: `min(${count}, ${cap}) / ${cap} = ${figure(value)}`,
    },
  };
}

/** An opening tag that the prompt ended with is no part of the completion. */
function partOf(response: Response, where: CustomObjective['where']): Span | SectionsFault {
  if (where === 'response') return { start: Math.max(0, -response.offset), end: response.text.length };
  const sections = findSections(response);
  return typeof sections === 'string' ? sections : sections[where];
}
