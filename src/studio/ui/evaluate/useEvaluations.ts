import { useEffect } from 'react';
import type { EvaluationSummary } from '../../../protocol';
import { useSession, useStudio } from '../context';

/** The stored evaluations, newest first, listed when first looked at; null: not here yet. */
export function useEvaluations(): readonly EvaluationSummary[] | null {
  const session = useSession();
  const list = useStudio((state) => state.evaluations.list);
  const answers = useStudio((state) => state.ready !== null && state.trainerAlive);
  const missing = list === null && answers;
  useEffect(() => {
    if (missing) void session.evaluator.list();
  }, [session, missing]);
  return list;
}
