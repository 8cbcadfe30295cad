import { describe, expect, it } from 'vitest';
import { createStudioStore } from '../../../src/studio/store/studio';
import { model, run, step } from '../records';

function open() {
  const frames: (() => void)[] = [];
  const store = createStudioStore((paint) => frames.push(paint));
  let paints = 0;
  store.api.subscribe(() => paints++);
  return { store, frames, paints: () => paints };
}

describe('createStudioStore', () => {
  it('paints once per frame, however many events came', () => {
    const { store, frames, paints } = open();
    store.dispatch({ type: 'trainer-news', event: { type: 'run', run: run() } });
    for (let at = 1; at <= 100; at++)
      store.dispatch({ type: 'trainer-news', event: { type: 'step', runId: 'run-1', record: step(at) } });
    expect([frames.length, paints()]).toEqual([1, 0]);
    frames[0]!();
    expect([paints(), store.api.getState().history.steps.length]).toEqual([1, 100]);
    store.dispatch({ type: 'stage', stage: 'ready' });
    expect(frames.length).toBe(2);
  });

  it('folds what waits before a snapshot, in order', () => {
    const { store, frames } = open();
    store.dispatch({ type: 'trainer-news', event: { type: 'model', model } });
    store.dispatch({ type: 'trainer-news', event: { type: 'model', model: null } });
    expect(store.snapshot().model).toBeNull();
    frames[0]!(); // nothing is left for the frame that was asked for
    expect(store.snapshot().model).toBeNull();
  });

  it('folds at once what a person does, after what waits', () => {
    const { store, frames, paints } = open();
    store.dispatch({ type: 'stage', stage: 'loading-starter' });
    store.perform({ type: 'stage', stage: 'ready' });
    expect([store.api.getState().stage, paints()]).toEqual(['ready', 1]);
    frames[0]!(); // nothing is left for the frame that was asked for
    expect(paints()).toBe(1);
    store.dispatch({ type: 'stage', stage: 'failed' });
    expect(frames.length, 'news ask for a frame again').toBe(2);
  });
});
