import { describe, expect, it } from 'vitest';
import { failureOf, medqaLines, medqaRow, read } from './support';

const rows = [medqaRow(0), medqaRow(1), medqaRow(2)];
const encode = (text: string) => new TextEncoder().encode(text);

/** A header of the given length, as safetensors begins. */
function safetensors(): Uint8Array<ArrayBuffer> {
  const header = encode('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}');
  const bytes = new Uint8Array(8 + header.length + 4);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  return bytes;
}

describe('a file without rows', () => {
  it.each([
    ['an empty file', '', 'dataset-empty', 'empty'],
    ['blank lines', '\n\n  \n', 'dataset-empty', 'empty'],
    ['an empty array', '[\n]\n', 'dataset-empty', 'empty'],
    ['PDF', '%PDF-1.7\n', 'dataset-is-binary', 'PDF'],
    ['one row over lines', JSON.stringify(rows[0], null, 2), 'dataset-is-json-object', 'jq -c'],
    ['a web page', '<!doctype html>\n<html><body>404</body></html>', 'dataset-is-markup', 'raw file'],
    [
      'UTF-16',
      new Uint8Array([0xff, 0xfe, ...encode(medqaLines(1)[0]!)].flatMap((b, i) => (i < 2 ? [b] : [b, 0]))),
      'dataset-is-utf16',
      'UTF-8',
    ],
    ['a zip archive', Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0), 'dataset-is-zip', 'Unpack'],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0), 'dataset-is-compressed', 'Unpack'],
    ['Parquet', encode('PAR1\u0015\u0004\u0015'), 'dataset-is-parquet', 'read_parquet'],
    ['model weights', safetensors(), 'dataset-is-safetensors', 'model folder'],
    ['other binary data', Uint8Array.of(1, 2, 0, 3, 0x0a, 9), 'dataset-is-binary', 'CSV'],
    ['prose', 'These are my questions:\nWhat is it?\n', 'dataset-no-usable-row', 'MedQA'],
  ] as const)('%s', async (_, content, code, hint) => {
    const { record } = await failureOf(read(content, 'upload.jsonl'));
    expect(record.code).toBe(code);
    expect(record.boundary).toBe('data');
    expect(record.message).toContain('upload.jsonl');
    expect(record.action).toBeTruthy();
    expect(`${record.message} ${record.action}`).toContain(hint);
  });
});

describe('a JSONL file whose beginning misleads', () => {
  it.each([
    ['a bracket', '['],
    ['a bare brace', '{'],
    ['comma-separated words', 'question,answer,options'],
    ['an angle bracket', '<'],
    ['a zip’s signature', 'PK\u0003\u0004'],
    ['a NUL', '\u0000'],
  ])('is read when %s stands before its rows', async (_, first) => {
    const { summary } = await read([first, ...medqaLines(4)].join('\n'));
    expect([summary.rows, summary.badLines]).toEqual([4, 1]);
  });

  it('is read when a hundred damaged lines come first', async () => {
    const damaged = Array.from({ length: 100 }, (_, i) => `{"question": "cut ${i}`);
    const { summary } = await read([...damaged, ...medqaLines(3)].join('\n'));
    expect([summary.rows, summary.badLines]).toEqual([3, 100]);
  });
});

describe('rows of no known layout', () => {
  it('are refused with their fields and the layouts that are known', async () => {
    const line = JSON.stringify({ prompt: 'What?', choices: ['a', 'b'], gold: 0 });
    const { record } = await failureOf(read(`${line}\n${line}\n`, 'own.jsonl'));
    expect(record.code).toBe('dataset-no-usable-row');
    expect(record.message).toContain('own.jsonl');
    expect(record.message).toContain('{prompt, choices, gold}');
    expect(record.action).toContain('Map the columns of your file under Data');
    expect(record.action).toContain('answer_idx');
  });

  it('are refused after a thousand of them, not at the end of the file', async () => {
    const line = `${JSON.stringify({ prompt: 'What?' })}\n`;
    expect((await failureOf(read(line.repeat(50_000)))).record.code).toBe('dataset-no-usable-row');
  });

  it('show the first reason when the layout fits and yet no row is usable', async () => {
    const row = { ...medqaRow(0), answer_idx: 'Z' };
    const { record } = await failureOf(read(`${JSON.stringify(row)}\n`));
    expect(record.code).toBe('dataset-no-usable-row');
    expect(record.message).toContain('line 1: The answer is the string "Z"');
  });
});
