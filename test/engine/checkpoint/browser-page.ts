/** Runs in a page of `browser.test.ts`: the real store on the browser's real storage. */
import type { CheckpointFacts } from '../../../src/engine/checkpoint/facts';
import { CheckpointStore } from '../../../src/engine/checkpoint/store';
import { bytesSource, type Folder } from '../../../src/engine/files';
import { toErrorRecord } from '../../../src/protocol/errors';
import { checkpointSentinel, openCheckpointDatabase } from '../../../workers/checkpoint-database';

const FILE_BYTES = 1_000_000;
const host = { usageBytes: null, quotaBytes: null, persisted: null };
const database = openCheckpointDatabase();
const opening = CheckpointStore.open({ database, sentinel: checkpointSentinel, chunkBytes: 2 ** 17 });

/** Two files that follow from the step and do not compress. */
function folderAt(step: number): Folder {
  const noise = (seed: number) => {
    const words = new Uint32Array(FILE_BYTES / 4);
    let state = seed + 1;
    for (let i = 0; i < words.length; i++) {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + i;
      words[i] = state;
    }
    return new Uint8Array(words.buffer);
  };
  return new Map([2 * step, 2 * step + 1].map((seed) => [`${seed}`, bytesSource(`${seed}`, noise(seed))]));
}

const factsAt = (step: number): CheckpointFacts => ({
  id: `step-${step}`,
  runId: 'run',
  runName: 'run',
  modelName: 'starter',
  step,
  createdAt: '2026-11-22T10:00:00.000Z',
  metrics: {},
  reason: 'interval',
});

export const page = {
  async save(step: number) {
    const store = await opening;
    return store.save(factsAt(step), folderAt(step)).then(({ id }) => id, toErrorRecord);
  },

  /** Saves step after step, tells each that was acknowledged, and keeps two. */
  async saveWithoutEnd(firstStep: number, acknowledge: (step: number) => Promise<void>) {
    const store = await opening;
    for (let step = firstStep; ; step++) {
      await store.save(factsAt(step), folderAt(step));
      await acknowledge(step);
      await store.pruneAutomatic('run', 2);
    }
  },

  /** Steps of the checkpoints that are there, newest first, after every byte of them was compared. */
  async check() {
    const store = await opening;
    const steps: number[] = [];
    for (const { id, step } of await store.list()) {
      const expected = folderAt(step);
      for (const [path, source] of await store.open(id)) {
        const [is, should] = await Promise.all(
          [source, expected.get(path)!].map((file) => file.read(0, FILE_BYTES)),
        );
        if (!is!.every((byte, i) => byte === should![i])) throw new Error(`${id}: ${path} differs`);
      }
      steps.push(step);
    }
    const { lost, checkpointBytes } = await store.report(host);
    return { steps, checkpointBytes, lost: lost?.code ?? null };
  },
};

Object.assign(window, { checkpoints: page });
