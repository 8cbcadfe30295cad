/** Loading straight into the GPU's buffers, against the plain policy out of the same folder: the same bits. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { TensorHash } from '../../../src/engine/checkpoint/hash';
import { encodeSafetensors, encodeSafetensorsHeader } from '../../../src/engine/checkpoint/safetensors';
import type { Learner } from '../../../src/engine/crpo/learner';
import { loadLearner } from '../../../src/engine/crpo/open-learner';
import { type ByteSource, bytesSource, type Folder, type NamedArray } from '../../../src/engine/files';
import { FusedDevice } from '../../../src/engine/fused/device';
import { FusedLearner } from '../../../src/engine/fused/learner';
import { LORA_TARGETS, type PolicyChoice } from '../../../src/engine/policy';
import { StudioError } from '../../../src/protocol';
import { countBuffers } from '../gpu/count-buffers';
import { describeOnGpu } from '../gpu/dawn';
import { expectClose, values } from '../kernels/compare';
import { adapterFolderOf, encode16, folderOf, loadPolicy, modelFolderOf } from '../policy/load';
import { tinyConfig, tinyPolicy, uniforms } from '../policy/tiny';
import { useBackend } from '../tensor/backends';

const FULL: PolicyChoice = { training: { mode: 'full' } };
const PAD = 0;

/** Draws anew with every call. */
function lora(rank: number, targets: readonly string[] = LORA_TARGETS): PolicyChoice {
  return { training: { mode: 'lora', rank, alpha: 8, targets, random: uniforms(5) } };
}

async function tensorsOf(learner: Learner): Promise<readonly NamedArray[]> {
  const adapter = (await learner.exportAdapter())?.tensors ?? [];
  return [...(await learner.exportWeights({ merged: false })), ...adapter];
}

/** A trained adapter: no factor is zero. */
async function adapterOf(folder: Folder, rank: number, targets?: readonly string[]): Promise<Folder> {
  const policy = await loadPolicy(folder, lora(rank, targets));
  const { config, tensors } = (await policy.exportAdapter())!;
  policy.dispose();
  const trained = tensors.map((each, index) => ({ ...each, data: values(each.data.length, index) }));
  return new Map([
    [
      'adapter_config.json',
      bytesSource('adapter_config.json', new TextEncoder().encode(JSON.stringify(config))),
    ],
    ['adapter_model.safetensors', bytesSource('adapter_model.safetensors', encodeSafetensors(trained))],
  ]);
}

const ALL_BIASES = {
  ...{ model_type: 'llama', tie_word_embeddings: false, attention_bias: true, mlp_bias: true },
  vocab_size: 23,
};

const CASES: readonly [string, Record<string, unknown>, () => PolicyChoice][] = [
  ['qwen2, tied', {}, () => FULL],
  ['llama, untied, biases everywhere', ALL_BIASES, () => FULL],
  ['a new adapter of rank 3 on some modules', {}, () => lora(3, ['q_proj', 'v_proj', 'down_proj'])],
  ['a new adapter on all modules', ALL_BIASES, () => lora(4)],
];

describeOnGpu('loading a folder', (gpu) => {
  beforeAll(() => useBackend('wasm')); // for the plain learner

  const load = (folder: Folder, choice: PolicyChoice, fused = true) => {
    const device = fused ? new FusedDevice(gpu()) : null;
    return loadLearner(folder, { ...choice, padToken: PAD, device });
  };

  /** Both learners of the folder hold the same. */
  async function expectSame(folder: Folder, choice: () => PolicyChoice): Promise<void> {
    const [fused, plain] = [await load(folder, choice()), await load(folder, choice(), false)];
    expect(fused).toBeInstanceOf(FusedLearner);
    expect(plain).not.toBeInstanceOf(FusedLearner);
    expect(fused.configJson).toBe(plain.configJson);
    expect(fused.lora).toEqual(plain.lora);
    expect(await tensorsOf(fused)).toEqual(await tensorsOf(plain));
    fused.dispose();
    plain.dispose();
  }

  it.each(CASES)('gives the bits of the plain learner: %s', async (_, model, choice) => {
    await expectSame(await folderOf(tinyPolicy(model)), choice);
  });

  it.each(['BF16', 'F16'] as const)('also from %s', async (dtype) => {
    const policy = tinyPolicy();
    const tensors = await policy.exportWeights({ merged: false });
    let at = 0;
    const weights = encode16(tensors, dtype, () => 0x3800 + (at++ % 500));
    policy.dispose();
    const config = modelFolderOf(policy.configJson, []).get('config.json')!;
    const folder = new Map([
      ['config.json', config],
      ['model.safetensors', bytesSource('model.safetensors', weights)],
    ]);
    await expectSame(folder, () => FULL);
  });

  it('takes an adapter along, with its own rank, to train on', async () => {
    const folder = await folderOf(tinyPolicy());
    const adapter = await adapterOf(folder, 3, ['q_proj', 'o_proj', 'up_proj']);
    await expectSame(folder, () => ({ ...lora(4), adapter }));
  });

  it('folds an adapter into the weights for full training', async () => {
    const folder = await folderOf(tinyPolicy());
    const adapter = await adapterOf(folder, 3, ['k_proj', 'down_proj']);
    const [fused, plain] = [
      await load(folder, { ...FULL, adapter }),
      await load(folder, { ...FULL, adapter }, false),
    ];
    expect(fused.lora).toBeNull();
    const [received, expected] = [await tensorsOf(fused), await tensorsOf(plain)];
    const base = await loadPolicy(folder, FULL);
    const untouched = await base.exportWeights({ merged: false });
    received.forEach(({ name, data }, index) => {
      if (!/k_proj\.weight|down_proj\.weight/.test(name)) {
        expect(data, name).toEqual(untouched[index]!.data);
        return;
      }
      expect(data, name).not.toEqual(untouched[index]!.data);
      expectClose(data, expected[index]!.data, 1e-6, name);
    });
    for (const each of [fused, plain, base]) each.dispose();
  });

  it('reads a tensor larger than a piece bit by bit, at most 16 MiB at a time', async () => {
    // The embedding has 38 MiB, a piece 32 MiB.
    const config = tinyConfig({ vocab_size: 620_000, num_hidden_layers: 1 });
    const policy = tinyPolicy({ num_hidden_layers: 1 });
    const small = await policy.exportWeights({ merged: false });
    policy.dispose();
    const embedding = { ...small[0]!, shape: [620_000, 16], data: new Float32Array(620_000 * 16) };
    embedding.data.forEach((_, at) => {
      embedding.data[at] = at % 8_388_617; // a prime: no two pieces are alike
    });
    const whole = encodeSafetensors([embedding, ...small.slice(1)]);
    const header = encodeSafetensorsHeader([embedding, ...small.slice(1)]).length;
    let largest = 0;
    const source: ByteSource = {
      ...bytesSource('model.safetensors', whole),
      read: async (start, end) => {
        if (start >= header) largest = Math.max(largest, end - start);
        return whole.slice(start, end);
      },
    };
    const folder = new Map(modelFolderOf(JSON.stringify(config.json), [])).set('model.safetensors', source);
    const hash = new TensorHash();
    const learner = await loadLearner(folder, {
      ...{ ...FULL, padToken: PAD, device: new FusedDevice(gpu()), hash },
    });
    expect(learner).toBeInstanceOf(FusedLearner);
    expect(largest).toBe(16 * 2 ** 20);
    const [received] = await learner.exportWeights({ merged: false });
    expect(received!.shape).toEqual(embedding.shape);
    expect(Buffer.compare(Buffer.from(received!.data.buffer), Buffer.from(embedding.data.buffer))).toBe(0);

    const node = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
    const lines = [embedding, ...small.slice(1)].map(({ name, shape, data }) => {
      const bytes = new Uint8Array(data.buffer);
      const pieces = [bytes.subarray(0, 2 ** 25), bytes.subarray(2 ** 25)].filter(({ length }) => length > 0);
      return JSON.stringify([name, shape, ...pieces.map(node)]);
    });
    expect(await hash.digest()).toBe(node(lines.sort().join('\n')));
    learner.dispose();
  }, 60_000);

  describe('refuses what the plain learner refuses, in its words, and keeps no buffer', () => {
    const policy = () => tinyPolicy();
    const broken: readonly [string, string, () => Promise<[Folder, PolicyChoice]>][] = [
      ['no config', 'model-config-missing', async () => [new Map(), FULL]],
      [
        'no weights',
        'model-weights-missing',
        async () => [new Map([...(await folderOf(policy()))].slice(0, 1)), FULL],
      ],
      ['a tensor too few', 'tensor-missing', () => changed((all) => all.slice(1))],
      [
        'a tensor too many',
        'tensor-unexpected',
        () => changed((all) => [...all, { name: 'x', shape: [1], data: new Float32Array(1) }]),
      ],
      [
        'a wrong shape',
        'tensor-shape',
        () =>
          changed((all) =>
            all.map((each, index) => (index === 8 ? { ...each, shape: [...each.shape, 1] } : each)),
          ),
      ],
      ['a file cut short', 'safetensors-truncated', () => bytes((whole) => whole.slice(0, -10))],
      [
        'integers in the place of a weight',
        'safetensors-unsupported-dtype',
        () =>
          bytes((whole) => {
            const text = new TextDecoder('latin1').decode(whole);
            const at = text.lastIndexOf('"F32"', text.indexOf('\0', 8));
            return whole.map((byte, index) => (index === at + 1 ? 'I'.charCodeAt(0) : byte));
          }),
      ],
      [
        'a read that breaks off half-way',
        'safetensors-short-read',
        async () => {
          const [folder] = await bytes((whole) => whole);
          const source = folder.get('model.safetensors')!;
          let reads = 0;
          const read = (start: number, end: number) => source.read(start, ++reads > 6 ? start : end);
          return [new Map(folder).set('model.safetensors', { ...source, read }), FULL];
        },
      ],
      ['LoRA settings out of bounds', 'lora-settings', async () => [await folderOf(policy()), lora(0)]],
      [
        'an adapter of another kind',
        'adapter-unsupported',
        async () => {
          const folder = await folderOf(policy());
          const adapted = await loadPolicy(folder, lora(3));
          const adapter = await adapterFolderOf(adapted, { use_dora: true });
          adapted.dispose();
          return [folder, { ...lora(3), adapter }];
        },
      ],
      [
        'an adapter whose reading breaks off',
        'safetensors-short-read',
        async () => {
          const folder = await folderOf(policy());
          const adapter = new Map(await adapterOf(folder, 3));
          const source = adapter.get('adapter_model.safetensors')!;
          let reads = 0;
          const read = (start: number, end: number) => source.read(start, ++reads > 5 ? start : end);
          adapter.set('adapter_model.safetensors', { ...source, read });
          return [folder, { ...lora(3), adapter }];
        },
      ],
    ];

    async function changed(
      change: (tensors: readonly NamedArray[]) => readonly NamedArray[],
    ): Promise<[Folder, PolicyChoice]> {
      const each = policy();
      const tensors = await each.exportWeights({ merged: false });
      each.dispose();
      return [modelFolderOf(each.configJson, change(tensors)), FULL];
    }

    async function bytes(
      change: (whole: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
    ): Promise<[Folder, PolicyChoice]> {
      const folder = await folderOf(policy());
      const { size, read } = folder.get('model.safetensors')!;
      const source = bytesSource('model.safetensors', change(await read(0, size)));
      return [new Map(folder).set('model.safetensors', source), FULL];
    }

    it.each(broken)('%s', async (_, code, make) => {
      const counted = countBuffers(gpu());
      const records = [];
      for (const fused of [true, false]) {
        const [folder, choice] = await make();
        const failure = await load(folder, choice, fused).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(StudioError);
        records.push((failure as StudioError).record);
      }
      expect(records[0]).toMatchObject({ boundary: 'model', code });
      expect(records[0]).toEqual(records[1]);
      await gpu().done();
      expect(counted.live).toBeLessThan(2 ** 12); // staging and uniforms of the layer itself
      counted.stop();
    });
  });
});
