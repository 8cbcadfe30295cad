/**
 * `window.crpoStudio`: the page driven from outside, by `npm start -- --headless` or a console.
 *
 * ```js
 * await crpoStudio.ready;                         // workers answer, starter loaded
 * const stop = crpoStudio.onEvent((event) => …);  // all news, as it comes: run, phase, step, fault …
 * const { draft, datasetId } = crpoStudio.state();
 * await crpoStudio.send({ type: 'start', config: { ...draft, steps: 20 }, datasetId });
 * ```
 *
 * It can do what the page's buttons do and no more; what it does is seen on the page.
 */
import type { Command, CommandResults, DatasetCommand, DatasetResults } from '../../protocol';
import type { NewsListener, Session } from './session';
import type { StudioState } from './state';

export interface Automation {
  /** Resolves when the workers answer and the starter is loaded; rejects when the trainer does not start. */
  readonly ready: Promise<void>;
  /** One command to the trainer; rejects with a `StudioError`, whose `record` says what happened. */
  send<T extends Command['type']>(command: Extract<Command, { type: T }>): Promise<CommandResults[T]>;
  /** One command to the dataset worker. */
  sendDataset<T extends DatasetCommand['type']>(
    command: Extract<DatasetCommand, { type: T }>,
  ): Promise<DatasetResults[T]>;
  /** The state right now, plain JSON. */
  state(): StudioState;
  /** Every event that is not an answer, at training speed. Returns how to stop listening. */
  onEvent(listener: NewsListener): () => void;
}

declare global {
  interface Window {
    crpoStudio?: Automation;
  }
}

export function createAutomation(session: Session, ready: Promise<void>): Automation {
  return {
    ready,
    send: (command) => session.send(command),
    sendDataset: (command) => session.sendDataset(command),
    state: () => session.state(),
    onEvent: (listener) => session.onEvent(listener),
  };
}
