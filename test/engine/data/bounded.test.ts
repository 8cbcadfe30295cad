/**
 * Memory while a long file streams by, in every container. `DATASET_MB=540 npx vitest run test/engine/data/bounded`
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

/** How a container writes row `index`, without its end; and what stands before the first and after the last. */
interface Form {
  readonly container: string;
  readonly first: string;
  readonly last: string;
  readonly separator: string;
  write(index: number): string;
}

const FILLER = 'The remainder of the examination shows no abnormalities. '.repeat(9);
const question = (index: number) => `Patient ${index}. ${FILLER}Which diagnosis?`;
const json = (index: number) => JSON.stringify({ ...medqaRow(index), question: question(index) });

const FORMS: readonly Form[] = [
  { container: 'jsonl', first: '', last: '', separator: '', write: json },
  { container: 'json-array', first: '[', last: ']', separator: ',', write: json },
  {
    container: 'json-object',
    first: '{',
    last: '}',
    separator: ',',
    write: (index) => `"k${index}": ${json(index)}`,
  },
  {
    container: 'csv',
    first: '',
    last: '',
    separator: '',
    write: (index) => `"${question(index)}",Appendicitis,"Pyelo,\nnephritis",Cystitis,Torsion,B`,
  },
];

/** The file is generated as it is read: every row has `ROW_BYTES` with its line end, padded by its container's leave. */
function generated({ container, first, last, separator, write }: Form): ByteSource {
  const rowText = (index: number) => {
    const text = `${index === 0 ? first : ''}${write(index)}`;
    const end = index === ROWS - 1 ? last : separator;
    const padding = ROW_BYTES - 1 - text.length - end.length;
    // A table has no padding but in a field.
    return container === 'csv'
      ? `${text.replace('Which', `${'.'.repeat(padding)}Which`)}\n`
      : `${text}${end}${' '.repeat(padding)}\n`;
  };
  return {
    name: `generated.${container}`,
    size: ROWS * ROW_BYTES,
    async read(start, end) {
      const from = Math.floor(start / ROW_BYTES);
      const to = Math.ceil(end / ROW_BYTES);
      const rows = Array.from({ length: to - from }, (_, index) => rowText(from + index)).join('');
      return new TextEncoder().encode(rows).subarray(start - from * ROW_BYTES, end - from * ROW_BYTES);
    },
  };
}

function liveBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describe(`${MEGABYTES} MB of rows`, () => {
  it.each(FORMS)(
    'pass by in bounded memory as $container',
    async (form) => {
      const source = generated(form);
      const before = liveBytes();
      let most = 0;
      let peakRss = 0;
      let measuredAt = 0;
      const started = performance.now();
      const cpu = process.cpuUsage();
      const { summary } = await readDataset(source, {
        name: source.name,
        sink: { saveCases: async () => {}, saveBadLines: async () => {} },
        onProgress: ({ bytes }) => {
          peakRss = Math.max(peakRss, process.memoryUsage().rss);
          if (bytes - measuredAt < source.size / 8) return;
          measuredAt = bytes;
          most = Math.max(most, liveBytes() - before);
        },
      });
      const seconds = (performance.now() - started) / 1_000;
      const { user, system } = process.cpuUsage(cpu);
      const megabytes = (bytes: number) => Math.round(bytes / 1e6);
      console.log(
        `${form.container}: ${ROWS} rows, ${MEGABYTES} MB: ${seconds.toFixed(1)} s (${((user + system) / 1e6).toFixed(1)} s of CPU), live at most ${megabytes(most)} MB more, RSS at most ${megabytes(peakRss)} MB`,
      );
      expect([summary.container, summary.rows, summary.badLines]).toEqual([form.container, ROWS, 0]);
      // A few chunks and a batch, and for each row the hash by which a repetition is noticed.
      expect(most).toBeLessThan(24e6 + 220 * ROWS);
      expect(most).toBeGreaterThan(0);
    },
    600_000,
  );
});
