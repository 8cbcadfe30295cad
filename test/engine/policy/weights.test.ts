import { beforeAll, describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../../src/engine/checkpoint/safetensors';
import { bytesSource, type Folder } from '../../../src/engine/files';
import type { Policy } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import { StudioError } from '../../../src/protocol';
import { useBackend } from '../tensor/backends';
import { farthest } from '../tensor/numbers';
import { encode16, loadPolicy, modelFolderOf } from './load';
import { tinyConfig, tinyPolicy } from './tiny';

beforeAll(() => useBackend('wasm'));

function file(name: string, content: string | Uint8Array<ArrayBuffer>) {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return [name, bytesSource(name, bytes)] as const;
}

function load(folder: Folder): Promise<Policy> {
  return loadPolicy(folder, { training: { mode: 'full' } });
}

async function refusal(folder: Folder): Promise<StudioError['record']> {
  const before = tf.memory().numTensors;
  const failure = await load(folder).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StudioError);
  const { record } = failure as StudioError;
  expect(record.boundary).toBe('model');
  expect(record.action).toBeDefined();
  expect(tf.memory().numTensors).toBe(before);
  return record;
}

describe('a folder written from a policy', () => {
  it.each([
    ['tied, Qwen2', {}],
    ['untied, Llama', { model_type: 'llama', tie_word_embeddings: false }],
    ['all biases', { model_type: 'llama', attention_bias: true, mlp_bias: true }],
  ])('loads back bit by bit: %s', async (_, fields) => {
    const policy = tinyPolicy(fields);
    const written = await policy.exportWeights({ merged: false });
    const loaded = await load(modelFolderOf(policy.configJson, written));
    expect(loaded.configJson).toBe(policy.configJson);
    expect(await loaded.exportWeights({ merged: true })).toEqual(written);
    policy.dispose();
    loaded.dispose();
  });

  it('has Hugging Face names and shapes, [out, in]', async () => {
    const policy = tinyPolicy({ model_type: 'llama', tie_word_embeddings: false, num_hidden_layers: 1 });
    const shapes = (await policy.exportWeights({ merged: false })).map(({ name, shape }) => [name, shape]);
    expect(shapes).toEqual([
      ['model.embed_tokens.weight', [20, 16]],
      ['model.layers.0.input_layernorm.weight', [16]],
      ['model.layers.0.self_attn.q_proj.weight', [16, 16]],
      ['model.layers.0.self_attn.k_proj.weight', [8, 16]],
      ['model.layers.0.self_attn.v_proj.weight', [8, 16]],
      ['model.layers.0.self_attn.o_proj.weight', [16, 16]],
      ['model.layers.0.post_attention_layernorm.weight', [16]],
      ['model.layers.0.mlp.gate_proj.weight', [24, 16]],
      ['model.layers.0.mlp.up_proj.weight', [24, 16]],
      ['model.layers.0.mlp.down_proj.weight', [16, 24]],
      ['model.norm.weight', [16]],
      ['lm_head.weight', [20, 16]],
    ]);
    policy.dispose();
  });

  it('may be stored in 16 bits: bfloat16 keeps the upper half of the bits, float16 small integers', async () => {
    const policy = tinyPolicy();
    const tensors = await policy.exportWeights({ merged: false });
    const upperHalf = (value: number) => {
      const view = new DataView(new ArrayBuffer(4));
      view.setFloat32(0, value);
      return view.getUint16(0);
    };
    const config = file('config.json', policy.configJson);
    const bf16 = await load(
      new Map([config, file('model.safetensors', encode16(tensors, 'BF16', upperHalf))]),
    );
    for (const [index, { data }] of (await bf16.exportWeights({ merged: false })).entries()) {
      const wanted = tensors[index]!.data;
      // Cut, not rounded: seven bits of fraction stay.
      expect(
        data.every((value, at) => Math.abs(value - wanted[at]!) <= 2 ** -7 * Math.abs(wanted[at]!)),
      ).toBe(true);
    }
    // 0x3c00 is 1, 0x4000 is 2, 0xbc00 is −1.
    const halves = [0x3c00, 0x4000, 0xbc00];
    let at = 0;
    const f16 = await load(
      new Map([
        config,
        file(
          'model.safetensors',
          encode16(tensors, 'F16', () => halves[at++ % 3]!),
        ),
      ]),
    );
    const [embedding] = await f16.exportWeights({ merged: false });
    expect(Array.from(embedding!.data.subarray(0, 6))).toEqual([1, 2, -1, 1, 2, -1]);
    for (const each of [policy, bf16, f16]) each.dispose();
  });

  it('may come in shards', async () => {
    const policy = tinyPolicy();
    const tensors = await policy.exportWeights({ merged: false });
    const shards = [tensors.slice(0, 9), tensors.slice(9)];
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const weightMap = Object.fromEntries(
      shards.flatMap((shard, index) => shard.map(({ name }) => [name, names[index]])),
    );
    const files = (map: Record<string, unknown>) =>
      new Map([
        file('config.json', policy.configJson),
        file('model.safetensors.index.json', JSON.stringify({ weight_map: map })),
        ...shards.map((shard, index) => file(names[index]!, encodeSafetensors(shard))),
      ]);
    const loaded = await load(files(weightMap));
    expect(await loaded.exportWeights({ merged: false })).toEqual(tensors);
    loaded.dispose();
    policy.dispose();

    expect(await refusal(files({ ...weightMap, 'model.norm.weight': 'other.safetensors' }))).toMatchObject({
      code: 'model-shard-missing',
      message:
        'model.safetensors.index.json: expected the file "other.safetensors" in the model folder, received none.',
    });
    expect(await refusal(files({ ...weightMap, 'model.norm.weight': names[0] }))).toMatchObject({
      code: 'tensor-missing',
    });
    const { 'model.norm.weight': _, ...rest } = weightMap;
    expect(await refusal(files(rest))).toMatchObject({ code: 'tensor-unexpected', file: names[1] });
    expect(await refusal(files({ ...weightMap, 'model.norm.weight': 7 }))).toMatchObject({
      code: 'model-shard-missing',
    });
  });
});

describe('a damaged folder is refused by name', () => {
  it('without a tensor, with one too many, or with a wrong shape', async () => {
    const policy = tinyPolicy();
    const tensors = await policy.exportWeights({ merged: false });
    const missing = await refusal(
      modelFolderOf(
        policy.configJson,
        tensors.filter(({ name }) => name !== 'model.norm.weight'),
      ),
    );
    expect(missing.code).toBe('tensor-missing');
    expect(missing.message).toContain('model.norm.weight of shape [16], received none');

    const extra = { name: 'model.layers.2.mlp.up_proj.weight', shape: [1], data: new Float32Array(1) };
    const surplus = await refusal(modelFolderOf(policy.configJson, [...tensors, extra]));
    expect(surplus).toMatchObject({ code: 'tensor-unexpected', file: 'model.safetensors' });
    expect(surplus.message).toContain('model.layers.2.mlp.up_proj.weight');

    const turned = tensors.map((each) =>
      each.name.endsWith('0.mlp.up_proj.weight') ? { ...each, shape: [16, 24] } : each,
    );
    expect((await refusal(modelFolderOf(policy.configJson, turned))).message).toBe(
      'model.safetensors: expected the tensor model.layers.0.mlp.up_proj.weight of shape [24, 16], received shape [16, 24].',
    );
    policy.dispose();
  });

  it('but old exports’ copies of a tied head and of RoPE’s frequencies are passed over', async () => {
    const policy = tinyPolicy();
    const tensors = await policy.exportWeights({ merged: false });
    const head = { ...tensors[0]!, name: 'lm_head.weight' };
    const frequencies = {
      name: 'model.layers.0.self_attn.rotary_emb.inv_freq',
      shape: [2],
      data: new Float32Array(2),
    };
    const loaded = await load(modelFolderOf(policy.configJson, [...tensors, head, frequencies]));
    expect(await loaded.exportWeights({ merged: false })).toEqual(tensors);
    loaded.dispose();
    policy.dispose();
  });

  it('when a weight file is cut short', async () => {
    const policy = tinyPolicy();
    const bytes = encodeSafetensors(await policy.exportWeights({ merged: false }));
    const folder = new Map([
      file('config.json', policy.configJson),
      file('model.safetensors', bytes.slice(0, -100)),
    ]);
    expect(await refusal(folder)).toMatchObject({ code: 'safetensors-truncated', file: 'model.safetensors' });
    policy.dispose();
  });

  it('when reading breaks off half-way, with nothing left on the device', async () => {
    const policy = tinyPolicy();
    const bytes = encodeSafetensors(await policy.exportWeights({ merged: false }));
    let reads = 0;
    const broken = {
      ...bytesSource('model.safetensors', bytes),
      read: async (start: number, end: number) => bytes.slice(start, ++reads > 6 ? start : end),
    };
    const folder = new Map([file('config.json', policy.configJson), ['model.safetensors', broken] as const]);
    expect(await refusal(folder)).toMatchObject({ code: 'safetensors-short-read' });
    policy.dispose();
  });

  it.each([
    ['no config.json', {}, 'model-config-missing'],
    ['no weights', { 'config.json': JSON.stringify(tinyConfig().json) }, 'model-weights-missing'],
    [
      'only pickled weights',
      { 'config.json': JSON.stringify(tinyConfig().json), 'pytorch_model.bin': '' },
      'model-weights-missing',
    ],
    ['a config that is no JSON', { 'config.json': '{"model_type":' }, 'json-invalid'],
    [
      'an index that is no JSON',
      { 'config.json': JSON.stringify(tinyConfig().json), 'model.safetensors.index.json': '' },
      'json-invalid',
    ],
    [
      'an index without weight_map',
      { 'config.json': JSON.stringify(tinyConfig().json), 'model.safetensors.index.json': '{}' },
      'json-field',
    ],
  ])('with %s', async (_, contents, code) => {
    const folder = new Map(Object.entries(contents).map(([name, text]) => file(name, text)));
    const record = await refusal(folder);
    expect(record.code).toBe(code);
    if ('pytorch_model.bin' in contents) expect(record.message).toContain('received pytorch_model.bin');
  });

  it('with a config.json of 33 MB, before reading it', async () => {
    const read = () => Promise.reject(new Error('read'));
    const folder: Folder = new Map([['config.json', { name: 'config.json', size: 33 * 2 ** 20 + 1, read }]]);
    expect(await refusal(folder)).toMatchObject({ code: 'json-too-large' });
  });
});

it('values on the device are the file’s, turned round: y = W·x', async () => {
  const policy = tinyPolicy();
  const [, , q] = await policy.exportWeights({ merged: false });
  const onDevice = policy.trainable()[2]!;
  expect(policy.layout.entries[2]).toMatchObject({
    name: 'model.layers.0.self_attn.q_proj.weight',
    shape: [16, 16],
  });
  const turned = tf.tidy(() => tf.transpose(onDevice));
  expect(farthest(await turned.data(), q!.data)).toBe(0);
  tf.dispose(turned);
  policy.dispose();
});
