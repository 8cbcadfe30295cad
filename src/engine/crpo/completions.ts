/** Completions that grow token by token: when each has ended, and who is told. For every learner. */
import type { Completion, GenerationSettings } from './learner';

interface Growing {
  readonly tokens: number[];
  readonly logprobs: number[];
  ended: boolean;
  truncated: boolean;
}

export class GrowingCompletions {
  readonly #rows: readonly Growing[];
  readonly #stops: ReadonlySet<number>;
  readonly #settings: GenerationSettings;
  #ended = 0;
  #tokens = 0;
  #longest = 0;

  constructor(rows: number, settings: GenerationSettings) {
    this.#rows = Array.from({ length: rows }, () => ({
      ...{ tokens: [], logprobs: [], ended: false, truncated: false },
    }));
    this.#stops = new Set(settings.stopTokens);
    this.#settings = settings;
  }

  hasEnded(row: number): boolean {
    return this.#rows[row]!.ended;
  }

  /** The next token of a row that has not ended; the host hears of its end at once. */
  append(row: number, token: number, logprob: number): void {
    const completion = this.#rows[row]!;
    completion.tokens.push(token);
    completion.logprobs.push(logprob);
    this.#tokens += 1;
    this.#longest = Math.max(this.#longest, completion.tokens.length);
    const stopped = this.#stops.has(token);
    completion.truncated = !stopped && completion.tokens.length === this.#settings.maxTokens;
    completion.ended = stopped || completion.truncated;
    if (!completion.ended) return;
    this.#ended += 1;
    this.#settings.onEnd?.(row, completed(completion));
  }

  /** After each token, or each block of tokens. */
  report(): void {
    this.#settings.onProgress({ ended: this.#ended, longest: this.#longest, tokens: this.#tokens });
  }

  all(): Completion[] {
    return this.#rows.map(completed);
  }
}

function completed({ tokens, logprobs, truncated }: Growing): Completion {
  return { tokens, logprobs: Float32Array.from(logprobs), truncated };
}
