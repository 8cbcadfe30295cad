/**
 * The store: news come at training speed and wait in a queue; they are folded together and painted at
 * screen speed. What a person does is folded at once. Reading through `snapshot` never sees an old state.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { type Action, reduce } from './reduce';
import { initialState, type StudioState } from './state';

export interface StudioStore {
  /** What React subscribes to. */
  readonly api: Pick<StoreApi<StudioState>, 'getState' | 'getInitialState' | 'subscribe'>;
  /** News: folded when the page is next painted. */
  dispatch(action: Action): void;
  /**
   * What a person does, folded after what waits, at once: a text field that shows the state of before until the
   * next frame loses its caret, and a second change within that frame would be made to it, without the first.
   */
  perform(action: Action): void;
  /** Folds what waits and returns the state. */
  snapshot(): StudioState;
}

/** `schedule` runs a function once, soon: the page's next frame, or a test's own moment. */
export function createStudioStore(schedule: (paint: () => void) => void): StudioStore {
  const api = createStore<StudioState>(() => initialState);
  let queue: Action[] = [];
  const flush = () => {
    if (queue.length === 0) return;
    const actions = queue;
    queue = [];
    api.setState(actions.reduce(reduce, api.getState()), true);
  };
  return {
    api,
    dispatch(action) {
      queue.push(action);
      if (queue.length === 1) schedule(flush);
    },
    perform(action) {
      queue.push(action);
      flush();
    },
    snapshot() {
      flush();
      return api.getState();
    },
  };
}

/** The next frame; a hidden page gets none, and a timer stands in. Painting twice paints once. */
export function onNextFrame(paint: () => void): void {
  requestAnimationFrame(paint);
  setTimeout(paint, 500);
}
