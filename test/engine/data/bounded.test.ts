/**
 * Memory while a long file streams by. `DATASET_MB=540 npx vitest run test/engine/data/bounded`
 * reads that much; the file is generated as it is read and never lies on disk.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { readDataset } from '../../../src/engine/data/read';
import type { ByteSource } from '../../../src/engine/files';
import { medqaRow } from './support';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const ROW_BYTES = 1_000;
const MEGABYTES = Number(process.env.DATASET_MB ?? 24);
const ROWS = MEGABYTES * 1_000;

/** Row `index`, padded to `ROW_BYTES` with its line end. */
function rowText(index: number): string {
  const filler = 'The remainder of the examination shows no abnormalities. '.repeat(9);
  const text = JSON.stringify({
    ...medqaRow(index),
    question: `Patient ${index}. ${filler}Which diagnosis?`,
  });
  return `${text}${' '.repeat(ROW_BYTES - 1 - text.length)}\n`;
}

const generated: ByteSource = {
  name: 'generated.jsonl',
  size: ROWS * ROW_BYTES,
  async read(start, end) {
    const first = Math.floor(start / ROW_BYTES);
    const last = Math.ceil(end / ROW_BYTES);
    const rows = Array.from({ length: last - first }, (_, i) => rowText(first + i)).join('');
    return new TextEncoder().encode(rows).subarray(start - first * ROW_BYTES, end - first * ROW_BYTES);
  },
};

function liveBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe(`${MEGABYTES} MB of rows`, () => {
  it('pass by in bounded memory', async () => {
    const before = liveBytes();
    let most = 0;
    let peakRss = 0;
    let measuredAt = 0;
    const started = performance.now();
    const cpu = process.cpuUsage();
    const { summary } = await readDataset(generated, {
      name: generated.name,
      sink: { saveCases: async () => {}, saveBadLines: async () => {} },
      onProgress: ({ bytes }) => {
        peakRss = Math.max(peakRss, process.memoryUsage().rss);
        if (bytes - measuredAt < generated.size / 8) return;
        measuredAt = bytes;
        most = Math.max(most, liveBytes() - before);
      },
    });
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const megabytes = (bytes: number) => Math.round(bytes / 1e6);
    console.log(
      `${ROWS} rows, ${MEGABYTES} MB: ${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of CPU), live at most ${megabytes(most)} MB more, RSS at most ${megabytes(peakRss)} MB`,
    );
    expect([summary.rows, summary.badLines]).toEqual([ROWS, 0]);
    // A few chunks and a batch, and for each row the hash by which a repetition is noticed.
    expect(most).toBeLessThan(24e6 + 220 * ROWS);
    expect(most).toBeGreaterThan(0);
  }, 600_000);
});
