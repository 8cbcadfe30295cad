import { expect, it, vi } from 'vitest';
import { type Gpu, kernel, partOf, selfTest, type View } from '../../../src/engine/gpu';
import { tf } from '../../../src/engine/tensor';
import { StudioError } from '../../../src/protocol';
import { describeOnGpu } from './dawn';

/** sums[i] = x[i] + step, and x doubles in place. */
const twoOutputs = kernel('test-two-outputs', () => ({
  bindings: { x: 'mut f32', sums: 'mut f32' },
  uniforms: { count: 'u32', step: 'f32' },
  workgroupSize: 32,
  main: 'if (index >= u.count) { return; } sums[index] = x[index] + u.step; x[index] = 2.0 * x[index];',
}));

function run(gpu: Gpu, x: View, sums: View, count: number, step: number): void {
  gpu.run(twoOutputs, { x, sums }, { count, step }, Math.ceil(count / 32), {
    multiplyAdds: count,
    bytes: 8 * count,
  });
}

function uploaded(gpu: Gpu, values: readonly number[]): View {
  const view = gpu.allocate(values.length);
  gpu.write(view, Float32Array.from(values));
  return view;
}

describeOnGpu('the layer', (gpu) => {
  it('writes two outputs, one of them in place', async () => {
    const [x, sums] = [uploaded(gpu(), [1, 2, 3]), gpu().allocate(3)];
    run(gpu(), x, sums, 3, 0.5);
    expect([...(await gpu().readFloats(sums))]).toEqual([1.5, 2.5, 3.5]);
    expect([...(await gpu().readFloats(x))]).toEqual([2, 4, 6]);
    gpu().free(x, sums);
  });

  it('runs in order with the ops of tfjs, on their tensors', async () => {
    const tensor = tf.add(tf.tensor1d([1, 2, 3, 4]), 1);
    const sums = gpu().allocate(4);
    run(gpu(), gpu().view(tensor), sums, 4, 1);
    const after = tf.mul(tensor, 10);
    expect([...(await after.data())]).toEqual([40, 60, 80, 100]);
    expect([...(await gpu().readFloats(sums))]).toEqual([3, 4, 5, 6]);
    tf.dispose([tensor, after]);
    gpu().free(sums);
  });

  it('binds parts of a buffer', async () => {
    const whole = uploaded(
      gpu(),
      Array.from({ length: 130 }, (_, i) => i),
    );
    const sums = gpu().allocate(2);
    run(gpu(), partOf(whole, 128, 2), sums, 2, 0);
    expect([...(await gpu().readFloats(sums))]).toEqual([128, 129]);
    expect((await gpu().readFloats(whole))[127]).toBe(127);
    gpu().free(whole, sums);
  });

  it('replays a recording with the uniforms of its making', async () => {
    const [x, sums] = [uploaded(gpu(), [1]), gpu().allocate(1)];
    const recording = gpu().record(() => run(gpu(), x, sums, 1, 100));
    expect([...(await gpu().readFloats(x))]).toEqual([1]);
    for (let time = 0; time < 5; time++) gpu().replay(recording);
    expect([...(await gpu().readFloats(x))]).toEqual([32]);
    expect([...(await gpu().readFloats(sums))]).toEqual([116]);
    recording.dispose();
    gpu().free(x, sums);
  });

  it('keeps uniforms apart over many dispatches and submits', async () => {
    const [x, sums] = [uploaded(gpu(), [0]), gpu().allocate(1)];
    for (let step = 0; step < 600; step++) run(gpu(), x, sums, 1, step);
    expect([...(await gpu().readFloats(sums))]).toEqual([599]);
    gpu().free(x, sums);
  });

  it('folds a grid that is longer than a dimension may be', async () => {
    const count = 70_000 * 32;
    const [x, sums] = [gpu().allocate(count), gpu().allocate(count)];
    run(gpu(), x, sums, count, 3);
    const values = await gpu().readFloats(sums);
    expect(values.every((value) => value === 3)).toBe(true);
    gpu().free(x, sums);
  });

  it('counts dispatches, submits, readbacks and their cost', async () => {
    const [x, sums] = [uploaded(gpu(), [1]), gpu().allocate(1)];
    await gpu().done();
    const before = { ...gpu().counters };
    for (let time = 0; time < 130; time++) run(gpu(), x, sums, 1, 0);
    await gpu().read(x, sums);
    const { counters } = gpu();
    expect(counters.dispatches - before.dispatches).toBe(130);
    expect(counters.submits - before.submits).toBe(3);
    expect(counters.readbacks - before.readbacks).toBe(1);
    expect(counters.bytes - before.bytes).toBe(130 * 8);
    gpu().free(x, sums);
  });

  it('refuses a call that lacks a binding or a uniform', () => {
    const x = gpu().allocate(1);
    expect(() => gpu().run(twoOutputs, { x }, { count: 1, step: 0 }, 1)).toThrow('without its binding sums');
    expect(() => gpu().run(twoOutputs, { x, sums: x }, { count: 1 }, 1)).toThrow('without its uniform step');
    gpu().free(x);
  });
});

describeOnGpu('what goes wrong on the GPU', (gpu) => {
  it('is thrown by the next readback', async () => {
    const [x, sums] = [gpu().allocate(4), gpu().allocate(4)];
    const tooLarge = { ...x, size: 4096 };
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    run(gpu(), tooLarge, sums, 4, 0);
    const failure = await gpu()
      .readFloats(sums)
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StudioError);
    expect((failure as StudioError).record).toMatchObject({ boundary: 'device', code: 'gpu-error' });
  });
});

describeOnGpu('the self-test', (gpu) => {
  it('passes on a device that works', async () => {
    await expect(selfTest(gpu())).resolves.toBeUndefined();
  });

  it('fails on a device that computes something else', async () => {
    const wrong = gpu();
    const read = wrong.readFloats.bind(wrong);
    vi.spyOn(wrong, 'readFloats').mockImplementation(async (view) => (await read(view)).map((x) => x + 1));
    await expect(selfTest(wrong)).rejects.toThrow('did not pass its self-test');
    vi.restoreAllMocks();
  });
});
