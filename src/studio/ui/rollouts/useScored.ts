/** A text scored in the background, again whenever it or the rules change. */
import { useCallback, useEffect, useState } from 'react';
import {
  type ErrorRecord,
  type RunConfig,
  type ScoredCompletion,
  type ScoringInput,
  toErrorRecord,
} from '../../../protocol';
import { useScorer } from '../context';

export interface Scoring {
  /** What was scored last: while the person types, not yet what they see. */
  readonly input: ScoringInput | null;
  readonly scored: ScoredCompletion | null;
  readonly error: ErrorRecord | null;
  readonly retry: () => void;
}

interface Answer extends Omit<Scoring, 'retry'> {
  readonly of: string;
}

/**
 * `of` names what the text belongs to; answers about something else are not shown. `input` null
 * scores nothing. Waits until the text was the same for `delayMs`; an older answer is dropped.
 */
export function useScored(
  of: string,
  input: ScoringInput | null,
  rewards: RunConfig['rewards'] | undefined,
  delayMs: number,
): Scoring {
  const scorer = useScorer();
  const [attempt, setAttempt] = useState(0);
  const [answer, setAnswer] = useState<Answer | null>(null);
  const retry = useCallback(() => setAttempt((count) => count + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt is another scoring
  useEffect(() => {
    if (!input || !rewards) return;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      scorer.score(input, rewards, abort.signal).then(
        (scored) => setAnswer({ of, input, scored, error: null }),
        (thrown) => {
          if (!abort.signal.aborted) setAnswer({ of, input, scored: null, error: toErrorRecord(thrown) });
        },
      );
    }, delayMs);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [scorer, of, input, rewards, delayMs, attempt]);
  const shown = answer?.of === of && input ? answer : NOTHING;
  return { input: shown.input, scored: shown.scored, error: shown.error, retry };
}

const NOTHING = { input: null, scored: null, error: null } as const;
