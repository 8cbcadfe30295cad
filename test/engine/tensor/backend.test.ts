/** The choice of a backend, with made-up adapters; a real device is met in test/engine/policy/browser.test.ts. */
import { describe, expect, it, vi } from 'vitest';
import { chooseBackend, type GpuHost, onDeviceLost, tf } from '../../../src/engine/tensor';
import { StudioError } from '../../../src/protocol';

const wasmFolder = undefined;

type Adapter = NonNullable<Awaited<ReturnType<GpuHost['requestAdapter']>>>;

function adapter(info: Partial<NonNullable<Adapter['info']>>, rest: Partial<Adapter> = {}): GpuHost {
  const described = { vendor: 'acme', architecture: 'turbo', description: '', ...info };
  const requestDevice = async () => {
    throw new Error('out of handles');
  };
  const made = { info: described, features: new Set<never>(), limits: {}, requestDevice, ...rest };
  return { requestAdapter: async () => made };
}

describe('auto', () => {
  it('takes wasm where there is no WebGPU, or no adapter, and says so', async () => {
    for (const gpu of [undefined, { requestAdapter: async () => null }]) {
      const report = await chooseBackend('auto', { gpu, wasmFolder });
      expect(report).toMatchObject({
        name: 'wasm',
        requested: 'auto',
        adapter: 'no WebGPU adapter',
        software: false,
      });
      expect(report.notice).toContain('There is no WebGPU adapter');
      expect(tf.getBackend()).toBe('wasm');
    }
  });

  it.each([
    ['by its flag', adapter({}, { isFallbackAdapter: true })],
    ['by the flag of its info', adapter({ isFallbackAdapter: true })],
    ['by its name', adapter({ vendor: 'google', architecture: 'swiftshader' })],
    ['by its description', adapter({ description: 'llvmpipe (LLVM 15.0.6, 256 bits)' })],
  ])('takes wasm over a software adapter, known %s', async (_, gpu) => {
    const report = await chooseBackend('auto', { gpu, wasmFolder });
    expect(report).toMatchObject({ name: 'wasm', requested: 'auto' });
    expect(report.notice).toContain('only a software adapter');
  });

  it('falls back to wasm when a GPU refuses its device, with the reason', async () => {
    const report = await chooseBackend('auto', { gpu: adapter({}), wasmFolder });
    expect(report).toMatchObject({ name: 'wasm', adapter: 'acme turbo' });
    expect(report.notice).toContain('out of handles');
    expect(tf.getBackend()).toBe('wasm');
  });
});

describe('forced', () => {
  it('wasm asks for no adapter', async () => {
    const requestAdapter = vi.fn();
    const report = await chooseBackend('wasm', { gpu: { requestAdapter }, wasmFolder });
    expect(report).toEqual({ name: 'wasm', requested: 'wasm', adapter: 'CPU', software: false, threads: 1 });
    expect(requestAdapter).not.toHaveBeenCalled();
  });

  it.each([
    ['no-webgpu-adapter', 'this browser has no WebGPU', undefined],
    ['no-webgpu-adapter', 'WebGPU offers no adapter', { requestAdapter: async () => null }],
    ['webgpu-device-refused', 'out of handles', adapter({})],
  ])('webgpu fails as a device error: %s, %s', async (code, sentence, gpu) => {
    const failure = await chooseBackend('webgpu', { gpu, wasmFolder }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StudioError);
    const { record } = failure as StudioError;
    expect(record).toMatchObject({ boundary: 'device', code });
    expect(record.message).toContain(sentence);
    expect(record.action).toBeDefined();
  });

  it('webgpu fails when tfjs cannot start on the device, instead of computing elsewhere', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const broken = adapter({}, { requestDevice: async () => ({ lost: new Promise<never>(() => {}) }) });
    const failure = await chooseBackend('webgpu', { gpu: broken, wasmFolder }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StudioError);
    expect((failure as StudioError).record).toMatchObject({
      boundary: 'device',
      code: 'backend-not-started',
    });
    vi.restoreAllMocks();
    await chooseBackend('wasm', { gpu: undefined, wasmFolder });
  });
});

it('says why threads that were asked for are not there', async () => {
  const report = await chooseBackend('auto', { gpu: undefined, wasmFolder }, 3);
  expect(report).toMatchObject({ name: 'wasm', threads: 1 });
  expect(report.notice).toMatch(
    /^There is no WebGPU adapter.* One thread computes, not 3: .*not cross-origin isolated\.$/,
  );
});

it('never reports a lost device on wasm', async () => {
  await chooseBackend('wasm', { gpu: undefined, wasmFolder });
  const lost = vi.fn();
  onDeviceLost(lost)();
  await Promise.resolve();
  expect(lost).not.toHaveBeenCalled();
});
