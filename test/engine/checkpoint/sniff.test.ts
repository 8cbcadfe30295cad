import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { checkpointFolder } from '../../../src/engine/checkpoint/bundle';
import { encodeSafetensors } from '../../../src/engine/checkpoint/safetensors';
import { sniff, unpack } from '../../../src/engine/checkpoint/sniff';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { bytesSource } from '../../../src/engine/files';
import { StudioError } from '../../../src/protocol/errors';
import { full, lora, tensor } from './content';
import { contents, facts, folderOf } from './storage';

type Files = Record<string, string | Uint8Array>;

const bytes = (content: string | Uint8Array) =>
  Uint8Array.from(typeof content === 'string' ? new TextEncoder().encode(content) : content);
const folder = (files: Files) =>
  folderOf(Object.fromEntries(Object.entries(files).map(([path, content]) => [path, bytes(content)])));
const zip = (files: Files) =>
  zipSync(Object.fromEntries(Object.entries(files).map(([path, content]) => [path, bytes(content)])));

const config = '{"model_type":"llama","architectures":["LlamaForCausalLM"]}';
const weights = encodeSafetensors([tensor('w', [2], 0)]);
const adapter = encodeSafetensors([tensor('base_model.model.q_proj.lora_A.weight', [2], 0)]);
const row = '{"question":"A 23-year-old …","options":{"A":"x","B":"y"},"answer_idx":"A"}';
const pickle = Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c);
const torchZip = zip({ 'archive/data.pkl': pickle, 'archive/data/0': 'xxxx' });
const stored = await contents(checkpointFolder(lora, facts('a')));

describe('sniff', () => {
  it.each<[kind: string, files: Files]>([
    ['dataset', { 'cases.jsonl': `${row}\n${row}\n` }],
    ['dataset', { 'cases.bin': row }],
    ['dataset', { 'cases.json': `[${row}]` }],
    ['dataset', { 'cases.csv': 'question,a,b\nx,y,z\n' }],
    ['dataset', { 'broken.jsonl': `${row.slice(0, 20)}\n${row}` }],
    ['dataset', { 'latin1.jsonl': new Uint8Array(Buffer.from(`${row}\n{"question":"caf\xe9"}`, 'latin1')) }],
    ['dataset', { 'bom.jsonl': `\uFEFF${row}\n${row}` }],
    ['dataset', { 'wide.jsonl': `{"question":"${'é'.repeat(70_000)}"}\n{}` }], // a character lies across the end of the head
    ['dataset', { 'folder/cases.jsonl': row, 'folder/.DS_Store': 'x' }],
    ['model-folder', { 'config.json': config, 'model.safetensors': weights }],
    [
      'model-folder',
      {
        'm/config.json': config,
        'm/model-00001-of-00002.safetensors': weights,
        'm/pytorch_model.bin': pickle,
      },
    ],
    ['model-folder', { 'model.zip': zip({ 'm/config.json': config, 'm/model.safetensors': weights }) }],
    ['model-folder', { ...stored, 'model.safetensors': weights }],
    ['checkpoint-zip', { 'checkpoint.zip': zip(stored) }],
    [
      'checkpoint-zip',
      {
        'download.txt': zip(
          Object.fromEntries(Object.entries(stored).map(([path, data]) => [`run/${path}`, data])),
        ),
      },
    ],
    ['safetensors', { 'model.safetensors': weights }],
    ['safetensors', { 'model.bin': weights }],
    ['adapter', { 'adapter_model.safetensors': adapter }],
    ['adapter', { 'adapter_config.json': '{"peft_type":"LORA"}', 'adapter_model.safetensors': adapter }],
    ['run-config', { 'run.json': JSON.stringify(defaultConfig(), null, 2) }],
    ['run-config', { 'x.jsonl': JSON.stringify({ config: defaultConfig(), steps: [] }) }],
  ])('%s (case %#)', async (kind, files) => {
    expect(await sniff(folder(files))).toMatchObject({ kind, detail: expect.stringMatching(/\.$/) });
  });

  it.each<[reason: RegExp, files: Files]>([
    [/folder is empty/, {}],
    [/is empty/, { 'a.jsonl': '' }],
    [/is blank/, { 'a.jsonl': ' \n\n' }],
    [/pickle, which can run any code.*\.safetensors/, { 'pytorch_model.bin': pickle }],
    [/pickle/, { 'renamed.safetensors': pickle }],
    [/^model\.pt is a pickle/, { 'model.pt': torchZip }],
    [/pickle/, { 'config.json': config, 'pytorch_model.bin': torchZip }],
    [/GGUF.*quantised/, { 'model.gguf': 'GGUF\u0003\u0000\u0000\u0000' }],
    [/Parquet.*JSONL/, { 'train.parquet': 'PAR1\u0000\u0000' }],
    [/gzipped/, { 'cases.jsonl.gz': Uint8Array.of(0x1f, 0x8b, 8) }],
    [/UTF-16/, { 'cases.jsonl': Uint8Array.of(0xff, 0xfe, 0x7b, 0) }],
    [/neither UTF-8 text/, { 'noise.jsonl': Uint8Array.of(0x41, 0xff, 0x42) }],
    [/neither UTF-8 text/, { 'image.jsonl': Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a) }],
    [/whole model folder/, { 'config.json': config }],
    [/together with its weights/, { 'adapter_config.json': '{"peft_type":"LORA"}' }],
    [/without adapter_model/, { 'adapter_config.json': '{}', 'README.md': 'x' }],
    [/without their config\.json/, { 'a.safetensors': weights, 'b.safetensors': weights }],
    [/without \.safetensors/, { 'config.json': config, 'tokenizer.json': '{}' }],
    [/one at a time/, { 'a.jsonl': row, 'b.jsonl': row }],
    [/one at a time/, { 'a.zip': zip({ 'a.jsonl': row }), 'b.jsonl': row }],
    [/dataset inside a zip/, { 'a.zip': zip({ 'a.jsonl': row }) }],
    [/Zip the folder/, stored],
  ])('refused: %s', async (reason, files) => {
    const { kind, detail } = await sniff(folder(files));
    expect(detail).toMatch(reason);
    expect(kind).toBe('refused');
  });

  it('rejects damaged files with their reader’s error', async () => {
    await expect(sniff(folder({ 'model.safetensors': weights.slice(0, -1) }))).rejects.toMatchObject({
      record: { code: 'safetensors-truncated' },
    });
    await expect(sniff(folder({ 'a.zip': zip(stored).slice(0, -1) }))).rejects.toMatchObject({
      record: { code: 'zip-end-missing' },
    });
  });

  it('reads the head of a large file, not all of it', async () => {
    let read = 0;
    const head = bytes(`${row}\n`.repeat(1000));
    const source = {
      ...bytesSource('cases.jsonl', head),
      size: 2 ** 40,
      read: async (start: number, end: number) => {
        read += end - start;
        return head.slice(start, end);
      },
    };
    expect((await sniff(new Map([['cases.jsonl', source]]))).kind).toBe('dataset');
    expect(read).toBeLessThan(2 ** 20);
  });

  it('any bytes end in an answer or a StudioError', async () => {
    const starts = fc.constantFrom<Uint8Array>(
      zip({ a: 'x' }),
      weights,
      pickle,
      bytes(row),
      new Uint8Array(0),
    );
    await fc.assert(
      fc.asyncProperty(starts, fc.nat(60), fc.uint8Array({ maxLength: 80 }), async (start, length, more) => {
        const content = Uint8Array.of(...start.slice(0, length), ...more);
        try {
          expect(await sniff(folder({ file: content }))).toHaveProperty('detail');
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
        }
      }),
      { seed: 9, numRuns: 1000 },
    );
  });
});

describe('unpack', () => {
  it('gives the files of a zip, and of anything else the files', async () => {
    const files = await contents(checkpointFolder(full, facts('a')));
    const inRun = (of: Files) =>
      Object.fromEntries(Object.entries(of).map(([path, data]) => [`run/${path}`, data]));
    expect(await contents(await unpack(folder({ 'checkpoint.zip': zip(inRun(files)) })))).toEqual(files);
    expect(await contents(await unpack(folder(inRun(files))))).toEqual(files);
    expect([...(await unpack(folder({ 'a.jsonl': row }))).keys()]).toEqual(['a.jsonl']);
    expect(await unpack(new Map())).toEqual(new Map());
  });
});
