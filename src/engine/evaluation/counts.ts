/**
 * What is counted per response, beside the columns of Clinical-R1's tables that a judge model filled.
 * The counts here come from the objectives' rules, so they are comparable in kind, not in value.
 */
import type { Evidence, ResponseCount } from '../../protocol';

interface CountDescriptor extends Pick<ResponseCount, 'name' | 'label' | 'comparableWith'> {
  /** Where the evidence has it. */
  readonly objective: string;
}

export const RESPONSE_COUNTS: readonly CountDescriptor[] = [
  count('cited', 'citation', 'Case findings cited', 'CECD'),
  count('supported', 'faithfulness', 'Findings the case supports', 'Faithfulness'),
  count('violations', 'faithfulness', 'Findings the case contradicts or lacks', 'Hallucination'),
  count('rejected', 'rejection', 'Wrong options rejected', 'DRC'),
  count('verification', 'behaviours', 'Verification', 'Verification'),
  count('backtracking', 'behaviours', 'Backtracking', 'Backtracking'),
  count('subgoals', 'behaviours', 'Subgoal setting', 'Subgoal setting'),
  count('backwardChaining', 'behaviours', 'Backward chaining', 'Backward chaining'),
];

/** The counts that a scored completion's evidence holds. */
export function countsOf(evidence: Readonly<Record<string, Evidence | null>>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name, objective } of RESPONSE_COUNTS) {
    const value = evidence[objective]?.counts[name];
    if (value !== undefined) counts[name] = value;
  }
  return counts;
}

function count(name: string, objective: string, label: string, column: string): CountDescriptor {
  return { name, objective, label, comparableWith: `${column} (Clinical-R1, judge model)` };
}
