import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspect } from '../../../scripts/commands/inspect';

const qwen = 'test/fixtures/models/qwen2-tiny';
const tiny = 'test/fixtures/tiny-policy';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'crpo-inspect-'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** The facts, or the error's code. */
async function look(path: string) {
  const answer = await inspect(path);
  return 'error' in answer ? answer.error.code : { kind: answer.kind, ...answer.facts };
}

describe('inspect', () => {
  it('reads a dataset to its end and counts what is bad', async () => {
    expect(await look('test/fixtures/medqa-layout.jsonl')).toMatchObject({
      kind: 'dataset',
      layout: 'medqa',
      rows: 12,
      badLines: 2,
      issues: [{ line: 5 }, { line: 10 }],
      answerCounts: { A: 3, B: 3, C: 3, D: 3 },
    });
  });

  it('reads a model folder’s headers', async () => {
    expect(await look(tiny)).toMatchObject({
      kind: 'model-folder',
      architecture: 'qwen2',
      layers: 2,
      hiddenSize: 32,
      // Embedding 394·32; two layers of q 32·32 + 32, k and v 16·32 + 16 each, o 32·32, three of
      // 64·32 and two norms of 32; the last norm: 12608 + 2·9344 + 32.
      parameters: 31328,
      storedTypes: { F32: 26 },
      tokenizer: { vocabularySize: 394, eosToken: '<|end|>' },
    });
  });

  it('knows weights and adapters by their content', async () => {
    expect(await look(`${qwen}/model.safetensors`)).toMatchObject({
      kind: 'safetensors',
      tensors: 38,
      values: 60768,
    });
    expect(await look(`${qwen}/adapter_model.safetensors`)).toMatchObject({ kind: 'adapter', tensors: 42 });
  });

  it('names what is wrong with a model folder', async () => {
    const damaged = join(root, 'damaged');
    cpSync(tiny, damaged, { recursive: true });
    const config = JSON.parse(readFileSync(join(damaged, 'config.json'), 'utf8'));
    writeFileSync(
      join(damaged, 'config.json'),
      JSON.stringify({ ...config, num_hidden_layers: config.num_hidden_layers + 1 }),
    );
    expect(await look(damaged)).toBe('tensor-missing');
    rmSync(join(damaged, 'tokenizer.json'));
    cpSync(`${tiny}/config.json`, join(damaged, 'config.json'));
    expect(await look(damaged)).toBe('tokenizer-missing');
  });

  it.each([
    [
      'half.safetensors',
      readFileSync(`${qwen}/model.safetensors`).subarray(0, 200_000),
      'safetensors-truncated',
    ],
    ['model.gguf', Buffer.from('GGUF and more bytes'), 'unusable'],
    ['pytorch_model.bin', Buffer.from([0x80, 2, 0x7d, 0x71]), 'unusable'],
    ['empty.jsonl', Buffer.alloc(0), 'unusable'],
    ['prose.txt', Buffer.from('Not one case.\nNot here either.\n'), 'dataset-no-usable-row'],
  ])('refuses %s', async (name, content, code) => {
    writeFileSync(join(root, name), content);
    expect(await look(join(root, name))).toBe(code);
  });

  it('says that there is nothing at a path', async () => {
    expect(await inspect('no/such/file')).toEqual({
      path: 'no/such/file',
      error: {
        boundary: 'data',
        code: 'path-missing',
        message: 'There is no no/such/file.',
        file: 'no/such/file',
      },
    });
  });
});
