/**
 * The trainer's side of its scorer: completions go to a worker of their own, many at a time, so that
 * they are scored while others are still generated. A worker that dies takes the answers that were
 * due with it: each rejects by name, and the next completion starts a new worker.
 */
import {
  type Numbered,
  type RunConfig,
  type ScoredCompletion,
  type ScorerCommand,
  type ScorerEvent,
  type ScoringInput,
  StudioError,
} from '../../src/protocol';

/** The part of a `Worker` that is used. */
export interface ScorerPort {
  postMessage(command: Numbered<ScorerCommand>): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ScorerEvent }) => void): void;
  addEventListener(type: 'error', listener: (event: { readonly message?: string }) => void): void;
  terminate(): void;
}

export type Score = (input: ScoringInput, rewards: RunConfig['rewards']) => Promise<ScoredCompletion>;

interface Waiting {
  resolve(scored: ScoredCompletion): void;
  reject(error: StudioError): void;
}

/** Opens the worker with the first completion. */
export function scorerClient(open: () => ScorerPort): Score {
  let port: ScorerPort | null = null;
  let requests = 0;
  const waiting = new Map<number, Waiting>();

  function start(): ScorerPort {
    const worker = open();
    worker.addEventListener('message', ({ data }) => {
      const { requestId } = data;
      const due = waiting.get(requestId);
      waiting.delete(requestId);
      if (data.type === 'done') due?.resolve(data.result);
      else due?.reject(new StudioError(data.error));
    });
    worker.addEventListener('error', ({ message }) => {
      worker.terminate();
      port = null;
      const due = [...waiting.values()];
      waiting.clear();
      for (const { reject } of due) reject(stopped(message));
    });
    return worker;
  }

  return (input, rewards) =>
    new Promise((resolve, reject) => {
      const requestId = ++requests;
      waiting.set(requestId, { resolve, reject });
      port ??= start();
      port.postMessage({ type: 'score', input, rewards, requestId });
    });
}

function stopped(message: string | undefined): StudioError {
  return new StudioError({
    boundary: 'reward',
    code: 'scorer-stopped',
    message: `The scorer stopped before it had answered${message ? `: ${message}` : ''}.`,
    action:
      'The rollout stays unscored and the run goes on with a new scorer. Report it if it happens again.',
  });
}
