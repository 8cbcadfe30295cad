import { expect, it } from 'vitest';
import type { BackendReport } from '../../../src/protocol';
import { backendName, backendOf, engineWords, isSlow } from '../../../src/studio/store/backend';

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
