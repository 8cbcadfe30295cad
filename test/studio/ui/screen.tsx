/** Mounts the studio, or a part of it, over a scripted session and actions folded beforehand. */
import { act, cleanup, configure, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, vi } from 'vitest';
import type { DatasetSummary } from '../../../src/protocol';
import type { TrainerNews } from '../../../src/studio/store/client';
import type { DatasetAnswer } from '../../../src/studio/store/reduce';
import { App } from '../../../src/studio/ui/App';
import { afterNextFrame, StudioContext } from '../../../src/studio/ui/context';
import { type Scripted, scriptedSession } from '../scripted';

/** What a machine at ease does in one frame may take a busy one seconds. */
configure({ asyncUtilTimeout: 10_000 });

/** happy-dom lays nothing out; virtual lists and charts need a room to fill. */
export function withLayout() {
  beforeEach(() => {
    vi.stubGlobal('fetch', async () => new Response(new Blob(['x'])));
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(600);
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(900);
    vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockReturnValue(new DOMRect(0, 0, 900, 600));
    vi.stubGlobal(
      'ResizeObserver',
      class {
        readonly #tell: ResizeObserverCallback;
        constructor(tell: ResizeObserverCallback) {
          this.#tell = tell;
        }
        observe(target: Element) {
          const entry = { target, contentRect: new DOMRect(0, 0, 900, 600) } as ResizeObserverEntry;
          queueMicrotask(() => this.#tell([entry], this));
        }
        unobserve() {}
        disconnect() {}
      },
    );
    HTMLDialogElement.prototype.showModal = function showModal() {
      this.open = true;
    };
    HTMLElement.prototype.scrollTo = () => {};
  });
  afterEach(() => {
    cleanup();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    location.hash = '';
    history.replaceState(null, '', '/');
    localStorage.clear();
  });
}

export interface Screen extends Scripted {
  /** Folds trainer news and paints. */
  tell(...events: TrainerNews[]): Promise<void>;
  addDataset(dataset: DatasetSummary): Promise<void>;
}

/** Until what waits for a painted frame is there; twice, since one screen goes before the other comes. */
export async function painted(): Promise<void> {
  const frame = () => new Promise<void>((resolve) => void afterNextFrame(resolve));
  await act(frame);
  await act(frame);
}

/** The whole studio at `hash`, booted. */
export async function openStudio(
  hash: string,
  trainer: Parameters<typeof scriptedSession>[0] = {},
  datasets: Parameters<typeof scriptedSession>[1] = {},
  scorer: Parameters<typeof scriptedSession>[2] = {},
): Promise<Screen> {
  location.hash = hash;
  const scripted = scriptedSession(trainer, datasets, scorer);
  const show = (children: ReactNode) => render(<StudioContext value={scripted}>{children}</StudioContext>);
  show(<App />);
  await act(async () => {
    await scripted.session.boot().catch(() => {});
    scripted.store.snapshot();
  });
  const fold = (dispatch: () => void) =>
    act(async () => {
      dispatch();
      scripted.store.snapshot();
    });
  return {
    ...scripted,
    tell: (...events) =>
      fold(() => {
        for (const event of events) scripted.store.dispatch({ type: 'trainer-news', event });
      }),
    addDataset: (result) =>
      fold(() =>
        scripted.store.dispatch({
          type: 'dataset-answer',
          answer: { command: { type: 'open', name: result.name }, result } as unknown as DatasetAnswer,
        }),
      ),
  };
}
