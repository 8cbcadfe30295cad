/**
 * The store: actions come at training speed and wait in a queue; they are folded together and
 * painted at screen speed. Reading through `snapshot` never sees an old state.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { type Action, reduce } from './reduce';
import { initialState, type StudioState } from './state';

export interface StudioStore {
  /** What React subscribes to. */
  readonly api: Pick<StoreApi<StudioState>, 'getState' | 'getInitialState' | 'subscribe'>;
  dispatch(action: Action): void;
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
