import { expect, it } from 'vitest';
import { type BackendReport, StudioError } from '../../../src/protocol';
import {
  backendName,
  backendOf,
  engineWords,
  isSlow,
  threadsAsked,
  threadWords,
} from '../../../src/studio/store/backend';

const gpu: BackendReport = { name: 'webgpu', requested: 'auto', adapter: 'amd rdna-3', software: false };

it.each<[BackendReport, string, string | null, boolean]>([
  [{ ...gpu, engine: 'fused' }, 'WebGPU', 'own kernels', false],
  [{ ...gpu, engine: 'plain' }, 'WebGPU', 'plain TensorFlow.js ops', true],
  [{ ...gpu, engine: 'fused', software: true }, 'WebGPU · CPU', 'own kernels', true],
  [gpu, 'WebGPU', null, false],
  [{ ...gpu, name: 'wasm', engine: 'plain', software: true }, 'WASM · CPU', null, true],
])('names %o', (backend, name, engine, slow) => {
  expect([backendName(backend), engineWords(backend), isSlow(backend)]).toEqual([name, engine, slow]);
});

const onWebgpu = { name: 'webgpu', requested: 'auto', adapter: 'acme', software: false } as const;

it('says why plain ops compute a model that the kernels cannot', () => {
  const report = { ...onWebgpu, engine: 'fused' } as const;
  expect(backendOf(report, undefined)).toBe(report);
  const plain = backendOf(report, 'head_dim is 6');
  expect([engineWords(plain), isSlow(plain)]).toEqual(['plain TensorFlow.js ops', true]);
  expect(plain.notice).toContain('head_dim is 6');
  const onCpu = { ...report, name: 'wasm', engine: 'plain' } as const;
  expect(backendOf(onCpu, 'head_dim is 6')).toBe(onCpu);
});

it.each([
  [4, 'WebAssembly, 4 threads'],
  [1, 'WebAssembly, 1 thread'],
])('counts %d threads', (threads, words) => {
  expect(threadWords({ ...gpu, name: 'wasm', threads })).toBe(words);
  expect(threadWords({ ...gpu, threads })).toBeNull();
  expect(threadWords({ ...gpu, name: 'wasm' })).toBeNull();
  const threadsTrial = { threads: 4, oneMs: 66.4, manyMs: 111.2 };
  expect(threadWords({ ...gpu, name: 'wasm', threads, threadsTrial })).toBe(
    `${words} (a trial took 66 ms with 1, 111 ms with 4)`,
  );
});

it('takes a number of threads from the address, and refuses what is none', () => {
  expect([null, '1', '8'].map(threadsAsked)).toEqual([undefined, 1, 8]);
  for (const nonsense of ['', '0', '9', '-2', '2.5', 'many', '1e0', '10']) {
    const refused = threadsAsked(nonsense);
    expect(refused).toBeInstanceOf(StudioError);
    expect((refused as StudioError).message).toBe(
      `?threads= takes a whole number from 1 to 8, not "${nonsense}".`,
    );
  }
});
