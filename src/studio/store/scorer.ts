/**
 * Scores a completion on demand, for the evidence behind a reward and for texts of the person's
 * own. The worker starts with the first text and scores one at a time; a text that is no longer
 * wanted is not sent. If the worker dies over a text, that text gets one more try in a new worker.
 */
import { type RunConfig, type ScoredCompletion, type ScoringInput, StudioError } from '../../protocol';
import { type ScorerLink, WorkerLink, type WorkerPort } from './client';

export class Scorer {
  readonly #link: ScorerLink;
  /** Settles when the worker is free; never rejects. */
  #free: Promise<unknown> = Promise.resolve();

  constructor(open: () => WorkerPort) {
    // A crash has no listener: it rejects the one text that waits, and that is tried again below.
    this.#link = new WorkerLink('scorer', open, { news: () => {}, crash: () => {} });
  }

  /**
   * Every objective's value and evidence, and the reward, by the rules of `rewards`. Rejects with a
   * `StudioError`: what the rules refuse, `scorer-worker-stopped` after two crashes over this text,
   * or `cancelled` where `signal` was aborted before the answer.
   */
  score(input: ScoringInput, rewards: RunConfig['rewards'], signal?: AbortSignal): Promise<ScoredCompletion> {
    const result = this.#free.then(async () => {
      throwIfAborted(signal);
      const scored = await this.#sendTwice(input, rewards);
      throwIfAborted(signal);
      return scored;
    });
    this.#free = result.catch(() => {});
    return result;
  }

  async #sendTwice(input: ScoringInput, rewards: RunConfig['rewards']): Promise<ScoredCompletion> {
    try {
      return await this.#send(input, rewards);
    } catch (thrown) {
      if (this.#link.running) throw thrown; // an answer, not the worker's end
      return this.#send(input, rewards);
    }
  }

  #send(input: ScoringInput, rewards: RunConfig['rewards']): Promise<ScoredCompletion> {
    if (!this.#link.running) this.#link.start();
    return this.#link.send({ type: 'score', input, rewards });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new StudioError({
    boundary: 'protocol',
    code: 'cancelled',
    message: 'The text changed before it was scored.',
  });
}
