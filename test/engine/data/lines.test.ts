import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../../src/engine/data/lines';
import {
  type FileRecord,
  type FileRepairs,
  MAX_RECORD_BYTES,
  recordsOf,
} from '../../../src/engine/data/records';

async function* chunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  // A copy, wiped afterwards: nothing may hold on to a chunk's memory.
  for (const part of parts) {
    const copy = part.slice();
    yield copy;
    copy.fill(0x21);
  }
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...[...places].sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

type Seen = Pick<FileRecord, 'line' | 'byteOffset' | 'text' | 'fault'>;

async function split(
  content: string | Uint8Array,
  places: readonly number[] = [],
): Promise<{ lines: Seen[]; repairs: FileRepairs }> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const repairs = { bom: false, crlf: 0 };
  const lines: Seen[] = [];
  for await (const { line, byteOffset, text, fault } of recordsOf(
    jsonLines,
    chunks(cut(bytes, places)),
    repairs,
  )) {
    lines.push({ line, byteOffset, text, fault });
  }
  return { lines, repairs };
}

describe('JSON Lines', () => {
  it('numbers lines, skips blank ones, and needs no newline at the end', async () => {
    // Bytes: "a" 0, LF 1, LF 2, " " 3, LF 4, "bc" 5-6.
    const { lines } = await split('a\n\n \nbc');
    expect(lines).toEqual([
      { line: 1, byteOffset: 0, text: 'a', fault: null },
      { line: 4, byteOffset: 5, text: 'bc', fault: null },
    ]);
  });

  it('takes away a byte order mark and carriage returns, and counts them', async () => {
    // The mark is three bytes, so the first line begins at 3: "a" CR LF; the second at 6.
    const { lines, repairs } = await split('\ufeffa\r\nb\r\n\r\nc\rd');
    expect(lines.map(({ text, byteOffset }) => [text, byteOffset])).toEqual([
      ['a', 3],
      ['b', 6],
      ['c\rd', 11],
    ]);
    expect(repairs).toEqual({ bom: true, crlf: 3 });
  });

  it('keeps U+2028 and a byte order mark inside a line', async () => {
    expect((await split('a\u2028b\n\ufeffc')).lines.map(({ text }) => text)).toEqual(['a\u2028b', '\ufeffc']);
  });

  it('gives the same lines wherever the chunks are cut', async () => {
    const character = fc.constantFrom('a', 'é', '℃', '🩺', '\n', '\r\n', '\r', ' ', '\ufeff', '"');
    const content = fc.array(character, { maxLength: 40 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(content, fc.array(fc.nat(160), { maxLength: 12 }), async (text, cuts) => {
        const size = new TextEncoder().encode(text).length;
        expect(
          await split(
            text,
            cuts.map((place) => Math.min(place, size)),
          ),
        ).toEqual(await split(text));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('agrees with splitting the whole text', async () => {
    const content = fc.string({ unit: fc.constantFrom('x', 'ü', '\n', ' '), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(content, async (text) => {
        const expected = text
          .split('\n')
          .flatMap((line, index) => (line.trim() === '' ? [] : [[index + 1, line]]));
        expect((await split(text)).lines.map(({ line, text: content }) => [line, content])).toEqual(expected);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('reports bytes that are not UTF-8 and goes on', async () => {
    const bytes = Uint8Array.of(0x61, 0x0a, 0x62, 0xe9, 0x63, 0x0a, 0x64);
    expect((await split(bytes)).lines).toEqual([
      { line: 1, byteOffset: 0, text: 'a', fault: null },
      { line: 2, byteOffset: 2, text: 'b\ufffdc', fault: 'utf8-invalid' },
      { line: 3, byteOffset: 6, text: 'd', fault: null },
    ]);
  });

  it('reports a line that is too long, keeps its head, and goes on', async () => {
    const limit = new Uint8Array(MAX_RECORD_BYTES).fill(0x78);
    const parts = [
      new TextEncoder().encode('a\n'),
      limit,
      Uint8Array.of(0x78, 0x0a),
      limit,
      Uint8Array.of(0x0a, 0x62),
    ];
    const lines: Seen[] = [];
    for await (const { line, byteOffset, text, fault } of recordsOf(jsonLines, chunks(parts))) {
      lines.push({ line, byteOffset, text, fault });
    }
    expect(lines.map(({ fault, text }) => [fault, text.length])).toEqual([
      [null, 1],
      ['too-long', 512],
      [null, MAX_RECORD_BYTES],
      [null, 1],
    ]);
    // 2 bytes, then a line of limit + 1 and its LF, then one of limit and its LF.
    expect(lines.map(({ byteOffset }) => byteOffset)).toEqual([
      0,
      2,
      MAX_RECORD_BYTES + 4,
      2 * MAX_RECORD_BYTES + 5,
    ]);
  });

  it('passes a line of 256 MB by without holding it', async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(0x78);
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 256; i++) yield chunk;
      yield new TextEncoder().encode('\n{}');
    }
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of endless()) {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
        yield part;
      }
    };
    const faults: (string | null)[] = [];
    for await (const { fault } of recordsOf(jsonLines, watched())) faults.push(fault);
    expect(faults).toEqual(['too-long', null]);
    expect(peak).toBeLessThan(64 * 1024 * 1024);
  });
});
