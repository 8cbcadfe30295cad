import { beforeAll, describe, expect, it } from 'vitest';
import { LORA_TARGETS, type Policy } from '../../../src/engine/policy';
import { tf } from '../../../src/engine/tensor';
import { StudioError } from '../../../src/protocol';
import { useBackend } from '../tensor/backends';
import { farthest, tensor } from '../tensor/numbers';
import { adapterFolderOf, folderOf, loadPolicy, modelFolderOf } from './load';
import { batchOf, tinyPolicy, tokens, uniforms } from './tiny';

beforeAll(() => useBackend('wasm'));

const batch = batchOf([{ prompt: tokens(4, 1), completion: tokens(6, 2) }]);

const baseFolder = () => folderOf(tinyPolicy());

function fresh(targets: readonly string[] = LORA_TARGETS, rank = 3, alpha = 6) {
  return { mode: 'lora', rank, alpha, targets, random: uniforms(9) } as const;
}

/** An adapter with other values than its start, so that it changes the policy. */
async function trainedPolicy(): Promise<Policy> {
  const policy = await loadPolicy(await baseFolder(), { training: fresh() });
  policy.assignTrainable(
    policy.trainable().map(({ shape }, index) => tensor(shape as [number, number], index + 1)),
  );
  return policy;
}

async function logprobs(policy: Policy, adapter = true): Promise<Float32Array> {
  const result = policy.tokenLogprobs(batch, { temperature: 1, adapter });
  const values = (await result.logprobs.data()) as Float32Array;
  result.logprobs.dispose();
  return values;
}

describe('a new adapter', () => {
  it('starts as PEFT does: A uniform within ±1/√in, B zero, so the policy is its base', async () => {
    const folder = await baseFolder();
    const [policy, base] = [
      await loadPolicy(folder, { training: fresh() }),
      await loadPolicy(folder, { training: { mode: 'full' } }),
    ];
    expect(Array.from(await logprobs(policy))).toEqual(Array.from(await logprobs(base)));
    for (const [index, { name, shape }] of policy.layout.entries.entries()) {
      const values = (await policy.trainable()[index]!.data()) as Float32Array;
      if (name.endsWith('lora_B.weight')) {
        expect(values.every((value) => value === 0)).toBe(true);
        continue;
      }
      const bound = 1 / Math.sqrt(shape[0]!);
      expect(values.every((value) => Math.abs(value) <= bound)).toBe(true);
      expect(Math.max(...values)).toBeGreaterThan(0.5 * bound);
      expect(Math.min(...values)).toBeLessThan(-0.5 * bound);
    }
    policy.dispose();
    base.dispose();
  });

  it('trains only its targets, named and ordered as PEFT stores them', async () => {
    const policy = await loadPolicy(await baseFolder(), { training: fresh(['down_proj', 'q_proj'], 3, 6) });
    expect(policy.lora).toEqual({
      rank: 3,
      alpha: 6,
      targets: ['q_proj', 'down_proj'],
      rankStabilized: false,
    });
    const module = (path: string) => `base_model.model.model.layers.${path}`;
    expect(policy.layout.entries.slice(0, 4)).toEqual([
      { name: module('0.self_attn.q_proj.lora_A.weight'), shape: [16, 3], offset: 0, size: 48 },
      { name: module('0.self_attn.q_proj.lora_B.weight'), shape: [3, 16], offset: 48, size: 48 },
      { name: module('0.mlp.down_proj.lora_A.weight'), shape: [24, 3], offset: 96, size: 72 },
      { name: module('0.mlp.down_proj.lora_B.weight'), shape: [3, 16], offset: 168, size: 48 },
    ]);
    expect(policy.layout.size).toBe(2 * 216);
    const { config, tensors } = (await policy.exportAdapter())!;
    expect(config).toMatchObject({
      peft_type: 'LORA',
      r: 3,
      lora_alpha: 6,
      target_modules: ['q_proj', 'down_proj'],
    });
    expect(tensors.slice(0, 2).map(({ shape }) => shape)).toEqual([
      [3, 16],
      [16, 3],
    ]);
    policy.dispose();
  });

  it('is the same for the same draws', async () => {
    const folder = await baseFolder();
    const [a, b] = [
      await loadPolicy(folder, { training: fresh() }),
      await loadPolicy(folder, { training: fresh() }),
    ];
    expect(await a.exportAdapter()).toEqual(await b.exportAdapter());
    a.dispose();
    b.dispose();
  });

  it.each([
    [[], 3, 6, 'targets among q_proj'],
    [['q_proj', 'lm_head'], 3, 6, 'received q_proj, lm_head'],
    [['q_proj'], 0, 6, 'a rank from 1 to 1024, received 0'],
    [['q_proj'], 2.5, 6, 'a rank'],
    [['q_proj'], 2, 0, 'a positive alpha, received 0'],
  ])('refuses targets %j, rank %d, alpha %d', async (targets, rank, alpha, sentence) => {
    const loading = loadPolicy(await baseFolder(), { training: fresh(targets, rank, alpha) });
    await expect(loading).rejects.toThrow(sentence);
  });
});

describe('a trained adapter', () => {
  it('changes the policy; off, the base is untouched', async () => {
    const policy = await trainedPolicy();
    const base = await loadPolicy(await baseFolder(), { training: { mode: 'full' } });
    const expected = await logprobs(base);
    expect(farthest(await logprobs(policy), expected)).toBeGreaterThan(0.1);
    expect(Array.from(await logprobs(policy, false))).toEqual(Array.from(expected));
    const decoder = await policy.startDecoding([[1, 2]], { adapter: false });
    const baseDecoder = await base.startDecoding([[1, 2]]);
    expect(Array.from(decoder.logits)).toEqual(Array.from(baseDecoder.logits));
    for (const each of [decoder, baseDecoder, policy, base]) each.dispose();
  });

  it('comes back from its files, and brings its own settings', async () => {
    const policy = await trainedPolicy();
    const folder = await adapterFolderOf(policy);
    const loaded = await loadPolicy(await baseFolder(), {
      training: fresh(['q_proj'], 1, 1),
      adapter: folder,
    });
    expect(loaded.lora).toEqual(policy.lora);
    expect(await loaded.exportAdapter()).toEqual(await policy.exportAdapter());
    expect(Array.from(await logprobs(loaded))).toEqual(Array.from(await logprobs(policy)));
    policy.dispose();
    loaded.dispose();
  });

  it('folded into the weights gives the same policy: exported merged, or loaded for full training', async () => {
    const policy = await trainedPolicy();
    const expected = await logprobs(policy);
    const folder = modelFolderOf(policy.configJson, await policy.exportWeights({ merged: true }));
    const exported = await loadPolicy(folder, { training: { mode: 'full' } });
    const folded = await loadPolicy(await baseFolder(), {
      training: { mode: 'full' },
      adapter: await adapterFolderOf(policy),
    });
    expect(exported.lora).toBeNull();
    expect(folded.lora).toBeNull();
    expect(farthest(await logprobs(exported), expected)).toBeLessThan(1e-4);
    expect(Array.from(await logprobs(folded))).toEqual(Array.from(await logprobs(exported)));
    const plain = await policy.exportWeights({ merged: false });
    const base = await loadPolicy(await baseFolder(), { training: { mode: 'full' } });
    expect(plain).toEqual(await base.exportWeights({ merged: false }));
    for (const each of [policy, exported, folded, base]) each.dispose();
  });

  it('scales by alpha/√r when it is rank-stabilized', async () => {
    const policy = await trainedPolicy();
    const stabilized = await loadPolicy(await baseFolder(), {
      training: fresh(),
      adapter: await adapterFolderOf(policy, { use_rslora: true, lora_alpha: 6 / Math.sqrt(3) }),
    });
    // (6/√3)/√3 = 6/3: the same scale.
    expect(farthest(await logprobs(stabilized), await logprobs(policy))).toBeLessThan(1e-5);
    expect((await stabilized.exportAdapter())!.config).toMatchObject({ use_rslora: true });
    policy.dispose();
    stabilized.dispose();
  });

  it.each([
    [{ peft_type: 'IA3' }, 'adapter-unsupported', 'peft_type LORA, received "IA3"'],
    [{ use_dora: true }, 'adapter-unsupported', 'use_dora true'],
    [{ bias: 'all' }, 'adapter-unsupported', 'bias "all"'],
    [{ rank_pattern: { q_proj: 8 } }, 'adapter-unsupported', 'rank_pattern'],
    [{ modules_to_save: ['lm_head'] }, 'adapter-unsupported', 'modules_to_save'],
    [{ target_modules: '.*_proj' }, 'adapter-unsupported', 'target_modules as a list'],
    [{ target_modules: ['c_attn'] }, 'lora-settings', 'received c_attn'],
    [{ target_modules: ['q_proj'] }, 'tensor-unexpected', 'k_proj.lora_A'],
    [{ r: 4 }, 'tensor-shape', 'of shape [4, 16], received shape [3, 16]'],
    [{ r: 'many' }, 'json-field', 'r to be an integer'],
  ])('is refused by name when its config says %j', async (changes, code, sentence) => {
    const policy = await trainedPolicy();
    const folder = await adapterFolderOf(policy, changes);
    policy.dispose();
    const base = await baseFolder();
    const before = tf.memory().numTensors;
    const failure = await loadPolicy(base, { training: fresh(), adapter: folder }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StudioError);
    expect((failure as StudioError).record).toMatchObject({ boundary: 'model', code });
    expect((failure as StudioError).record.message).toContain(sentence);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes all-linear as all seven, and misses a file by name', async () => {
    const policy = await trainedPolicy();
    const folder = new Map(
      await adapterFolderOf(policy, {
        target_modules: 'all-linear',
        rank_pattern: {},
        modules_to_save: null,
      }),
    );
    const loaded = await loadPolicy(await baseFolder(), { training: fresh(), adapter: folder });
    expect(loaded.lora!.targets).toEqual(LORA_TARGETS);
    loaded.dispose();
    policy.dispose();
    folder.delete('adapter_model.safetensors');
    const loading = loadPolicy(await baseFolder(), { training: fresh(), adapter: folder });
    await expect(loading).rejects.toThrow('Expected adapter_model.safetensors in the adapter folder');
  });
});
