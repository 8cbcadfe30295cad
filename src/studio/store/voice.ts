/** What the page tells and asks its person: notices that pass, errors that stay, questions that wait. */
import { type ErrorRecord, toErrorRecord } from '../../protocol';
import type { Question } from './state';
import type { StudioStore } from './studio';

const NOTICE_MS = 10_000;
const TOAST_MS = 12_000;

/** What the person asked for is no error. */
const CANCELLED: ReadonlySet<string> = new Set(['cancelled', 'import-cancelled', 'overlap-cancelled']);

export class Voice {
  readonly #store: StudioStore;
  #answer: ((yes: boolean) => void) | null = null;
  #nextNotice = 1;

  constructor(store: StudioStore) {
    this.#store = store;
  }

  /** Runs a verb; what it throws is shown, once. */
  async try(verb: () => unknown): Promise<boolean> {
    try {
      await verb();
      return true;
    } catch (thrown) {
      const { code, message } = toErrorRecord(thrown);
      if (CANCELLED.has(code)) this.notify(message);
      else this.fail(thrown);
      return false;
    }
  }

  fail(thrown: unknown): void {
    this.report(toErrorRecord(thrown));
  }

  report(error: ErrorRecord): void {
    this.#store.dispatch({ type: 'error', error });
    this.expireToasts();
  }

  /** Toasts leave by themselves; the panel keeps their errors. */
  expireToasts(): void {
    const shown = this.#store.snapshot().errors.filter(({ toast }) => toast);
    setTimeout(() => {
      for (const { id } of shown) this.closeToast(id);
    }, TOAST_MS);
  }

  closeToast(id: number): void {
    this.#store.perform({ type: 'close-toast', id });
  }

  clearErrors(): void {
    this.#store.perform({ type: 'clear-errors' });
  }

  /** `undoCheckpoint`: the deleted checkpoint that the notice offers to bring back. */
  notify(text: string, undoCheckpoint?: string): void {
    const id = this.#nextNotice++;
    this.#store.dispatch({
      type: 'notice',
      notice: undoCheckpoint ? { id, text, undoCheckpoint } : { id, text },
    });
    setTimeout(() => this.closeNotice(id), NOTICE_MS);
  }

  closeNotice(id: number): void {
    this.#store.perform({ type: 'close-notice', id });
  }

  /** Resolves with the person's answer; a newer question answers an older one with no. */
  ask(question: Question): Promise<boolean> {
    this.#answer?.(false);
    this.#store.dispatch({ type: 'question', question });
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  answer(yes: boolean): void {
    this.#store.perform({ type: 'question', question: null });
    this.#answer?.(yes);
    this.#answer = null;
  }
}
