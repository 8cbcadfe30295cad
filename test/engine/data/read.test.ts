import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_BAD_BYTES, readDataset } from '../../../src/engine/data/read';
import { bytesSource } from '../../../src/engine/files';
import { StudioError } from '../../../src/protocol';
import { collectingSink, failureOf, medqaLines, medqaRow, read } from './support';

const TRAPS = new Uint8Array(readFileSync(new URL('../../fixtures/data/medqa-traps.jsonl', import.meta.url)));

describe('readDataset on a file with every trap', async () => {
  const { summary, cases, bad, badLinesKept } = await read(TRAPS, 'traps.jsonl');
  const byLine = new Map(cases.map((row) => [row.line, row]));
  const badByLine = new Map(summary.issues.map((issue) => [issue.line, issue]));

  it('accounts for every line that is not blank', () => {
    // 29 lines, line 3 blank, 9 to 20, 27 and 28 bad: 14 cases and 14 bad lines.
    expect([summary.rows, summary.badLines]).toEqual([14, 14]);
    expect(cases.map(({ line }) => line)).toEqual([1, 2, 4, 5, 6, 7, 8, 21, 22, 23, 24, 25, 26, 29]);
  });

  it('identifies the file by the SHA-256 of its bytes', () => {
    expect(summary.id).toBe(createHash('sha256').update(TRAPS).digest('hex'));
    expect(summary.bytes).toBe(TRAPS.length);
  });

  it('cleans questions and options', () => {
    expect(byLine.get(2)?.question).toBe(
      'A 54-year-old man has crushing chest pain. Which is the most likely diagnosis?',
    );
    expect(byLine.get(2)?.options.B).toBe('Myocardial infarction');
    expect(byLine.get(4)?.question).toMatch(/He adds "badly"$/);
    expect(Object.values(byLine.get(4)!.options)).toEqual([
      'Facial',
      'Trigeminal',
      'Vagus',
      'Optic',
      'Abducens',
    ]);
    expect(byLine.get(5)?.options.B).toBe('"I cannot tell you."');
    expect(Object.keys(byLine.get(6)!.options)).toEqual(['A', 'B', 'C', 'D']);
    expect(byLine.get(6)?.answer).toBe('C');
    expect(byLine.get(8)?.answer).toBe('B');
    expect(byLine.get(26)?.question).toBe('Half a surrogate \ufffd pair?');
    expect(summary.repairs).toEqual({
      'byte-order-mark': 1,
      crlf: 3,
      'question-stray-quote': 1,
      'option-line-break': 1,
      'option-stray-quote': 1,
      'option-trimmed': 1,
      'options-reordered': 1,
      'answer-letter-written-otherwise': 1,
      'broken-surrogate': 1,
    });
  });

  it('names what is wrong with each bad line', () => {
    expect(Object.fromEntries([...badByLine].map(([line, { kind }]) => [line, kind]))).toMatchObject({
      9: 'json-invalid',
      10: 'json-invalid',
      11: 'not-an-object',
      12: 'answer-not-an-option',
      13: 'answer-text-disagrees',
      14: 'question-empty',
      15: 'option-count',
      16: 'answer-ambiguous',
      17: 'option-letters',
      18: 'options-wrong-type',
      19: 'answer-idx-missing',
      20: 'question-missing',
      27: 'option-letters',
      28: 'utf8-invalid',
    });
    // {"question": (13 characters) and "Cut off in the middle, " (25): the next one, in column 39, is the o of options.
    expect(badByLine.get(9)?.column).toBe(39);
    expect(badByLine.get(9)?.message).toContain("expected ',' or '}'");
  });

  it('places each bad line by its byte offset', () => {
    for (const { byteOffset, excerpt, kind } of summary.issues) {
      if (kind === 'utf8-invalid') continue;
      const there = new TextDecoder().decode(TRAPS.subarray(byteOffset, byteOffset + 400)).split('\n')[0]!;
      expect(there.startsWith(excerpt.replace(/…$/, ''))).toBe(true);
      expect(excerpt.length).toBeLessThanOrEqual(120);
    }
  });

  it('counts by kind, letter, size, and what it noticed in rows that it keeps', () => {
    expect(summary.unlabelled).toBe(1);
    expect(byLine.get(7)?.answer).toBeNull();
    expect(summary.issueCounts).toMatchObject({
      'duplicate-question': 1,
      'duplicate-question-other-answer': 1,
      'duplicate-id': 1,
      'refers-to-image': 1,
    });
    const sum = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((a, b) => a + b, 0);
    expect(sum(summary.optionCounts)).toBe(summary.rows);
    expect(sum(summary.answerCounts) + summary.unlabelled).toBe(summary.rows);
    expect(summary.layoutLabel).toBe('MedQA, 2 to 5 options');
  });

  it('keeps ids unique and prototypes unharmed', () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect([byLine.get(24)?.id, byLine.get(25)?.id]).toEqual(['p-1', 'p-1@25']);
    expect(byLine.get(24)?.answer).toBe('A');
    expect(byLine.get(1)?.id).toBe('1');
  });

  it('keeps the bad lines as they stood', () => {
    expect(badLinesKept).toBe(summary.badLines);
    expect(bad.split('\n').filter(Boolean)).toHaveLength(summary.badLines);
    expect(bad).toContain('["an", "array"]\n');
  });
});

describe('readDataset', () => {
  it('hands rows over in batches of a thousand, in order', async () => {
    const sizes: number[] = [];
    const ids: string[] = [];
    const content = new TextEncoder().encode(medqaLines(2_500).join('\n'));
    await readDataset(bytesSource('many.jsonl', content), {
      name: 'many.jsonl',
      sink: {
        saveCases: async (batch) => {
          sizes.push(batch.length);
          ids.push(...batch.map(({ id }) => id));
        },
        saveBadLines: async () => {},
      },
    });
    expect(sizes).toEqual([1000, 1000, 500]);
    expect(ids).toEqual(Array.from({ length: 2500 }, (_, i) => String(i + 1)));
  });

  it('reports progress up to the end of the file', async () => {
    const content = new TextEncoder().encode(medqaLines(20_000).join('\n'));
    const seen: number[] = [];
    const { sink } = collectingSink();
    await readDataset(bytesSource('many.jsonl', content), {
      name: 'many.jsonl',
      sink,
      onProgress: ({ bytes, totalBytes }) => {
        expect(totalBytes).toBe(content.length);
        seen.push(bytes);
      },
    });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(content.length);
  });

  it('stops when told to', async () => {
    const content = new TextEncoder().encode(medqaLines(20_000).join('\n'));
    const signal = { aborted: false };
    const { sink } = collectingSink();
    const reading = readDataset(bytesSource('many.jsonl', content), {
      name: 'many.jsonl',
      sink,
      signal,
      onProgress: () => {
        signal.aborted = true;
      },
    });
    expect((await failureOf(reading)).record.code).toBe('import-cancelled');
  });

  it('lists a hundred issues and counts all', async () => {
    const lines = [...medqaLines(1), ...Array.from({ length: 250 }, () => '{'), ...medqaLines(3)];
    const { summary } = await read(lines.join('\n'));
    expect(summary.issues).toHaveLength(100);
    expect(summary.issueCounts).toMatchObject({ 'json-invalid': 250, 'duplicate-question': 1 });
    expect([summary.rows, summary.badLines]).toEqual([4, 250]);
  });

  it('keeps at most 64 MiB of bad lines and says how many', async () => {
    const long = `{"question": "${'x'.repeat(3_000_000)}`;
    const total = 30;
    const lines = [...medqaLines(1), ...Array.from({ length: total }, () => long)];
    const { summary, badLinesKept } = await read(lines.join('\n'));
    expect(summary.badLines).toBe(total);
    expect(badLinesKept).toBe(Math.floor(MAX_BAD_BYTES / (long.length + 1)));
  });

  it('reads the rest when one line is enormous', async () => {
    const lines = [...medqaLines(2), `{"question": "${'x'.repeat(6_000_000)}"}`, JSON.stringify(medqaRow(7))];
    const { summary, badLinesKept } = await read(lines.join('\n'));
    expect([summary.rows, summary.badLines, badLinesKept]).toEqual([3, 1, 0]);
    expect(summary.issues[0]).toMatchObject({ kind: 'line-too-long', line: 3 });
  });

  it('never loses a sound line, and throws nothing but StudioError, whatever befalls the others', async () => {
    const count = 12;
    const lines = medqaLines(count);
    const damage = fc.record({
      line: fc.nat(count - 1),
      at: fc.nat(400),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { maxLength: 5 }), async (damages) => {
        const encoded = lines.map((line) => new TextEncoder().encode(line));
        const touched = new Set<number>();
        for (const { line, at, bytes } of damages) {
          touched.add(line);
          // A line break would make two lines of one.
          encoded[line]!.set(
            bytes.map((byte) => (byte === 0x0a ? 0x20 : byte)),
            at % (encoded[line]!.length - 6),
          );
        }
        const content = new Uint8Array(encoded.reduce((sum, line) => sum + line.length + 1, 0)).fill(0x0a);
        let start = 0;
        for (const line of encoded) {
          content.set(line, start);
          start += line.length + 1;
        }
        const { summary, cases } = await read(content);
        const found = new Map(cases.map((row) => [row.line, row.question]));
        for (let i = 0; i < count; i++)
          if (!touched.has(i)) expect(found.get(i + 1)).toBe(medqaRow(i).question);
        expect(summary.rows + summary.badLines).toBe(count);
      }),
      { seed: 20, numRuns: 300 },
    );
  });

  it('throws nothing but StudioError on arbitrary bytes', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom(
          '{',
          '}',
          '[',
          '\n',
          '"',
          '{"question":',
          '"options":{"A":"x"}',
          medqaLines(1)[0]!,
          '\ufeff',
          'PK\u0003\u0004',
          ',',
          '\r\n',
          ': ',
          'question,A,B,answer\n',
          '"What?",one,"two\n2",A\n',
        )
        .map((text) => new TextEncoder().encode(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const content = Uint8Array.from(pieces.flatMap((part) => [...part]));
        const outcome = await read(content).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(StudioError);
        else expect((outcome as { summary: { rows: number } }).summary.rows).toBeGreaterThan(0);
      }),
      { seed: 21, numRuns: 500 },
    );
  });
});
