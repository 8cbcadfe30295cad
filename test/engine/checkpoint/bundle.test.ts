import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type CheckpointContent,
  checkpointFolder,
  exportFolder,
  readCheckpoint,
} from '../../../src/engine/checkpoint/bundle';
import { openSafetensors, readTensors } from '../../../src/engine/checkpoint/safetensors';
import { CheckpointStore } from '../../../src/engine/checkpoint/store';
import { openZip, writeZip } from '../../../src/engine/checkpoint/zip';
import { bytesSource, type Folder, type NamedArray } from '../../../src/engine/files';
import { StudioError } from '../../../src/protocol/errors';
import { full, lora, tensor } from './content';
import { contents, facts, freshDatabase, memorySentinel } from './storage';

const text = async (folder: Folder, path: string) =>
  new TextDecoder().decode(await folder.get(path)!.read(0, folder.get(path)!.size));

/** Name, shape and the bits of every value. */
const bits = (tensors: readonly NamedArray[]) =>
  tensors.map(({ name, shape, data }) => [name, shape, [...new Uint32Array(data.slice().buffer)]]);

const bitsIn = async (folder: Folder, path = 'model.safetensors') =>
  bits(await readTensors(await openSafetensors(folder.get(path)!)));

async function pack(folder: Folder): Promise<Folder> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeZip(folder)) pieces.push(piece);
  return openZip(bytesSource('checkpoint.zip', new Uint8Array(Buffer.concat(pieces))));
}

async function storeAndOpen(folder: Folder): Promise<Folder> {
  const store = await CheckpointStore.open({
    database: freshDatabase(),
    sentinel: memorySentinel(),
    chunkBytes: 100,
  });
  await store.save(facts('a'), folder);
  return store.open('a');
}

async function expectSame(folder: Folder, content: CheckpointContent): Promise<void> {
  const opened = await readCheckpoint(folder);
  expect(opened.facts).toEqual(facts('a'));
  expect(await bitsIn(opened.model)).toEqual(bits(content.model.weights));
  expect(JSON.parse(await text(opened.model, 'config.json'))).toEqual({
    ...JSON.parse(content.model.configJson),
    torch_dtype: 'float32',
  });
  for (const [name, bytes] of content.tokenizerFiles)
    expect(await opened.model.get(name)!.read(0, bytes.length)).toEqual(bytes);
  expect(bits(await opened.resume.tensors())).toEqual(bits(content.resume.tensors));
  expect(opened.resume.json).toEqual(content.resume.json); // toEqual tells −0 from 0 and NaN from null
  const { adapter, reference } = content.model;
  if (adapter === null) expect(opened.adapter).toBeNull();
  else {
    expect(JSON.parse(await text(opened.adapter!, 'adapter_config.json'))).toEqual(adapter.config);
    expect(await bitsIn(opened.adapter!, 'adapter_model.safetensors')).toEqual(bits(adapter.tensors));
  }
  if (reference === null) expect(opened.reference).toBeNull();
  else {
    expect(await bitsIn(opened.reference!)).toEqual(bits(reference));
    expect([...opened.reference!.keys()].sort()).toEqual([...opened.model.keys()].sort());
  }
}

describe.each([
  ['full fine-tuning', full],
  ['LoRA', lora],
])('a checkpoint of %s', (_name, content) => {
  it('comes back bit for bit: stored, exported, imported, exported again', async () => {
    const folder = checkpointFolder(content, facts('a'));
    await expectSame(folder, content);
    const stored = await storeAndOpen(folder);
    await expectSame(stored, content);
    const exported = await pack(
      await exportFolder(await readCheckpoint(stored), content.model.merged ?? null),
    );
    await expectSame(exported, content);
    const imported = await storeAndOpen((await readCheckpoint(exported)).files);
    expect(await contents(imported)).toEqual(await contents(folder));
    const again = await exportFolder(await readCheckpoint(imported), content.model.merged ?? null);
    expect(await contents(again)).toEqual(await contents(exported));
  });

  it('is read inside the directory that an archive tool put around it', async () => {
    const folder = checkpointFolder(content, facts('a'));
    await expectSame(new Map([...folder].map(([path, source]) => [`my run/${path}`, source])), content);
  });
});

describe('an export', () => {
  const exported = async (content: CheckpointContent) =>
    exportFolder(await readCheckpoint(checkpointFolder(content, facts('a'))), content.model.merged ?? null);

  it('is an ordinary Hugging Face folder at its top level', async () => {
    const folder = await exported(lora);
    expect([...folder.keys()].sort()).toEqual([
      'README.md',
      'adapter/adapter_config.json',
      'adapter/adapter_model.safetensors',
      'config.json',
      'model.safetensors',
      'resume/base.safetensors',
      'resume/state.json',
      'resume/state.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ]);
    expect(await bitsIn(folder)).toEqual(bits(await lora.model.merged!()));
    expect((await openSafetensors(folder.get('model.safetensors')!)).metadata.get('format')).toBe('pt');
    expect([...(await exported(full)).keys()]).toContain('resume/reference.safetensors');
  });

  it('needs the merged weights under LoRA', async () => {
    const opened = await readCheckpoint(checkpointFolder(lora, facts('a')));
    await expect(exportFolder(opened, null)).rejects.toThrow(/internal: expected merged weights/);
  });

  it('has a model card that says what it is not for', async () => {
    const card = await text(await exported(lora), 'README.md');
    expect(card).toContain('**For research only. Not for clinical use.**');
    expect(card).toContain('base_model: "starter"');
    expect(card).toContain('# brisk-heron, step 40');
    expect(card).toContain('| reward | 0.5 |');
    expect(card).toContain('| training.mode | full |');
    expect(card).toContain('| training.loraTargets | q_proj, v_proj |');
    expect(card).toContain('| build | 0.1.0 |');
  });

  it('takes no markup from names', async () => {
    const named = facts('a', {
      runName: '<img src=x onerror=alert(1)> | [x](y)\n---\n# h',
      modelName: 'a": b\n`x`',
    });
    const opened = await readCheckpoint(checkpointFolder(full, named));
    const card = await text(await exportFolder(opened, null), 'README.md');
    expect(card).toContain('base_model: "a\\": b\\n`x`"\n');
    expect(card).toContain('# &#60;img src=x onerror=alert(1)&#62; &#124; &#91;x&#93;(y) --- # h, step 40\n');
    expect(card).not.toContain('<img');
  });
});

describe('checkpoints of other versions', () => {
  const fixture = (name: string) =>
    openZip(
      bytesSource(
        name,
        new Uint8Array(readFileSync(join(import.meta.dirname, '../../fixtures/checkpoints', name))),
      ),
    );

  it('version 1 opens, as it was written then', async () => {
    await expectSame(await fixture('v1-full.zip'), full);
    await expectSame(await fixture('v1-lora.zip'), lora);
  });

  const codeOf = async (change: (files: Map<string, Uint8Array<ArrayBuffer>>) => void) => {
    const files = new Map(
      Object.entries(await contents(checkpointFolder(lora, facts('a')))) as [
        string,
        Uint8Array<ArrayBuffer>,
      ][],
    );
    change(files);
    const thrown = await readCheckpoint(
      new Map([...files].map(([path, bytes]) => [path, bytesSource(path, bytes)])),
    ).then(
      () => new Error('nothing was thrown'),
      (error: unknown) => error,
    );
    if (!(thrown instanceof StudioError)) throw thrown;
    expect(thrown.record.boundary).toBe('model');
    expect(thrown.record.message).toMatch(/expected .*received /is);
    expect(thrown.record.action).toBeTruthy();
    return thrown.record.code;
  };
  const edit = (from: string, to: string) => (files: Map<string, Uint8Array<ArrayBuffer>>) => {
    const json = new TextDecoder().decode(files.get('resume/state.json'));
    expect(json).toContain(from);
    files.set('resume/state.json', new TextEncoder().encode(json.replace(from, to)));
  };

  it('says which version it is', async () => {
    const version = '"version":1,"facts"';
    expect(await codeOf(edit(version, '"version":2,"facts"'))).toBe('checkpoint-newer-version');
    expect(await codeOf(edit(version, '"version":0,"facts"'))).toBe('checkpoint-older-version');
    expect(await codeOf(edit(version, '"version":"1","facts"'))).toBe('checkpoint-state-invalid');
  });

  it('says what is missing or damaged', async () => {
    expect(await codeOf((files) => files.delete('resume/state.json'))).toBe('checkpoint-without-resume');
    for (const path of [
      'config.json',
      'resume/base.safetensors',
      'resume/state.safetensors',
      'adapter/adapter_config.json',
      'adapter/adapter_model.safetensors',
    ]) {
      expect(await codeOf((files) => files.delete(path))).toBe('checkpoint-missing-file');
    }
    expect(await codeOf(edit('crpo-studio-checkpoint', 'something-else'))).toBe('checkpoint-state-invalid');
    expect(await codeOf(edit('"step":40', '"step":-1'))).toBe('checkpoint-state-invalid');
    expect(await codeOf(edit('"runName":"brisk-heron"', `"runName":"${'x'.repeat(201)}"`))).toBe(
      'checkpoint-state-invalid',
    );
    expect(await codeOf(edit('"resume":{', '"resume":[{'))).toBe('json-invalid');
    expect(await codeOf((files) => files.set('resume/state.json', new TextEncoder().encode('null')))).toBe(
      'checkpoint-state-invalid',
    );
    expect(await codeOf((files) => files.set('resume/state.safetensors', new Uint8Array(4)))).toBe(
      'safetensors-too-short',
    );
  });
});

describe('checkpointFolder', () => {
  it('refuses a tokenizer file that would replace another', () => {
    for (const name of ['config.json', 'model.safetensors', 'README.md', 'resume/state.json']) {
      const content = { ...full, tokenizerFiles: new Map([[name, new Uint8Array(1)]]) };
      expect(() => checkpointFolder(content, facts('a'))).toThrow(/expected a tokenizer file/i);
    }
  });

  it('stores the frozen base once over a run: the second LoRA checkpoint adds its adapter and state', async () => {
    const base = [tensor('w', [64, 1024], 0)]; // 256 KiB
    const at = (offset: number): CheckpointContent => ({
      ...lora,
      model: { ...lora.model, weights: base, adapter: { config: {}, tensors: [tensor('a', [16], offset)] } },
    });
    const store = await CheckpointStore.open({ database: freshDatabase(), sentinel: memorySentinel() });
    const host = { usageBytes: null, quotaBytes: null, persisted: null };
    await store.save(facts('1'), checkpointFolder(at(1), facts('1')));
    const first = (await store.report(host)).checkpointBytes;
    const second = await store.save(facts('2'), checkpointFolder(at(2), facts('2')));
    const added = (await store.report(host)).checkpointBytes - first;
    expect(second.bytes).toBeGreaterThan(2 ** 18);
    expect(added).toBeLessThan(1500); // the adapter file and state.json, which tells the id
  });
});
