/**
 * The scorer worker's logic: a completion and its case in, its rewards and their evidence out. The
 * rules are the trainer's own, so what the page shows beside a rollout is why it earned what it did.
 */
import { scoreCompletion } from '../../src/engine/rewards';
import { type Numbered, type ScorerCommand, type ScorerEvent, toErrorRecord } from '../../src/protocol';

/** Returns the handler of commands; it never throws, and answers each command exactly once. */
export function createScorerService(
  post: (event: ScorerEvent) => void,
): (command: Numbered<ScorerCommand>) => void {
  return ({ requestId, input, rewards }) => {
    post(answer(requestId, () => scoreCompletion(input, rewards)));
  };
}

function answer(
  requestId: number,
  score: () => Extract<ScorerEvent, { type: 'done' }>['result'],
): ScorerEvent {
  try {
    return { type: 'done', requestId, result: score() };
  } catch (thrown) {
    return { type: 'failed', requestId, error: toErrorRecord(thrown) };
  }
}
