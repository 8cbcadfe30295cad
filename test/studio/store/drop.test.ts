import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { type Destination, route } from '../../../src/studio/store/drop';
import { config } from '../records';

const file = (path: string, ...parts: BlobPart[]) => ({ path, file: new Blob(parts) });
const modelConfig = JSON.stringify({ model_type: 'qwen2' });
const runConfig = JSON.stringify(config);

/** What each destination is, in one word and a name. */
const summary = (destinations: Destination[]) =>
  destinations.map((each) =>
    each.kind === 'refused' ? `refused ${each.error.record.code}` : `${each.kind} ${each.name}`,
  );
const routed = async (...files: Parameters<typeof route>[0]) => summary(await route(files));

describe('route', () => {
  it('takes a folder with config.json as a model, with the files a loader may want', async () => {
    const [model] = await route([
      file('qwen/config.json', modelConfig),
      file('qwen/tokenizer.json', '{}'),
      file('qwen/model.safetensors', 'weights'),
      file('qwen/.gitattributes', 'x'),
      file('qwen/README.md', '# Qwen'),
      file('qwen/onnx/config.json', modelConfig),
    ]);
    expect(model).toMatchObject({ kind: 'model', name: 'qwen' });
    expect(model?.kind === 'model' && model.files.map(({ path }) => path)).toEqual([
      'config.json',
      'tokenizer.json',
      'model.safetensors',
    ]);
  });

  it('takes a model’s files dropped without their folder, and a dataset beside them', async () => {
    const files = [
      file('config.json', modelConfig),
      file('model.safetensors', 'weights'),
      file('cases.jsonl', '{"question":"?"}\n'),
    ];
    expect(await routed(...files)).toEqual(['model model', 'dataset cases.jsonl']);
  });

  it('goes by content, not by name', async () => {
    const zip = zipSync({ 'manifest.json': strToU8('{}') });
    expect(await routed(file('cases.txt', '{"question":"?"}\n{"question":"?"}\n'))).toEqual([
      'dataset cases.txt',
    ]);
    expect(await routed(file('bundle.dat', zip))).toEqual(['checkpoint bundle.dat']);
    expect(await routed(file('config.json', runConfig))).toEqual(['config config.json']);
    expect(await routed(file('my-run.json', `\n ${runConfig}`))).toEqual(['config my-run.json']);
    expect(await routed(file('run.json', JSON.stringify({ config, steps: [] })))).toEqual([
      'config run.json',
    ]);
  });

  it('leaves what is wrong with a text to the dataset’s reader, which says where', async () => {
    expect(await routed(file('a.json', '[{"question":"?"}]'), file('b.csv', 'question,answer\n'))).toEqual([
      'dataset a.json',
      'dataset b.csv',
    ]);
  });

  it.each([
    ['weights.bin', new Uint8Array([0x80, 2, 0x8a, 0x0a]), 'file-pickle'],
    ['model.pt', 'anything', 'file-pickle'],
    ['renamed.zip', zipSync({ 'archive/data.pkl': strToU8('x') }), 'file-pickle'],
    ['pytorch_model.bin', new Uint8Array([1, 0, 0, 0]), 'file-pickle'],
    ['cases.jsonl.gz', new Uint8Array([0x1f, 0x8b, 8]), 'file-compressed'],
    ['train.parquet', 'PAR1....', 'file-parquet'],
    ['model.gguf', 'GGUF....', 'file-gguf'],
    ['photo.png', new Uint8Array([0x89, 0x50, 0, 0]), 'file-unknown'],
    ['empty.jsonl', '', 'file-empty'],
    ['model.safetensors', new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22]), 'weights-without-config'],
  ])('refuses %s with its reason', async (name, content, code) => {
    expect(await routed(file(name, content as BlobPart))).toEqual([`refused ${code}`]);
  });

  it('refuses a model that has only pickled weights, or none', async () => {
    expect(await routed(file('m/config.json', modelConfig), file('m/pytorch_model.bin', 'x'))).toEqual([
      'refused file-pickle',
    ]);
    expect(await routed(file('m/config.json', modelConfig))).toEqual(['refused model-without-weights']);
  });

  it('says so when nothing was in it', async () => {
    expect(await routed(file('folder/.DS_Store', 'x'))).toEqual(['refused nothing-dropped']);
  });

  it('reads only the head of a large file', async () => {
    const large = new Blob([`{"question":"?"}\n`.repeat(100_000)]);
    let read = 0;
    const watched = new Proxy(large, {
      get: (target, key) => {
        if (key === 'slice')
          return (from: number, to: number) => {
            read += to - from;
            return target.slice(from, to);
          };
        if (key === 'text') throw new Error('read as a whole');
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    expect(await routed({ path: 'large.jsonl', file: watched })).toEqual(['dataset large.jsonl']);
    expect(read).toBeLessThanOrEqual(4096);
  });
});
