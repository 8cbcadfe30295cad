/**
 * The first thing that runs on the layer: whether it and TensorFlow.js' backend still understand each
 * other, and whether the device computes right. It takes milliseconds.
 */
import { StudioError } from '../../protocol/errors';
import { tf } from '../tensor';
import type { TfjsGpu } from './gpu';
import { kernel } from './kernel';

/** out = scale·x and x + 1 in place: two outputs, one in place, a uniform. */
const probe = kernel('self-test', () => ({
  bindings: { x: 'mut f32', out: 'mut f32' },
  uniforms: { count: 'u32', scale: 'f32' },
  workgroupSize: 32,
  main: 'if (index >= u.count) { return; } out[index] = u.scale * x[index]; x[index] = x[index] + 1.0;',
}));

/** out = the value of the subgroup's last lane: as kernels use subgroups, a workgroup is one of them. */
const subgroupProbe = (size: number) =>
  kernel(`self-test-subgroups-${size}`, () => ({
    bindings: { out: 'mut f32' },
    uniforms: {},
    workgroupSize: size,
    subgroups: true,
    main: `out[index] = subgroupBroadcast(f32(sublane), ${size - 1}u) + 0.5 * f32(group);`,
  }));

/** Throws `gpu-self-test` when a dispatch, a replay or the order with tfjs' ops is not what it should be. */
export async function selfTest(gpu: TfjsGpu): Promise<void> {
  const count = 100;
  const made = tf.tidy(() => tf.add(tf.range(0, count), 1)); // by a tfjs op, which must run before
  const x = gpu.allocate(count);
  const out = gpu.allocate(count);
  gpu.device.pushErrorScope('validation');
  gpu.copy(gpu.view(made), x, count);
  const run = () => gpu.run(probe, { x, out }, { count, scale: 2 }, Math.ceil(count / 32));
  run();
  const recording = gpu.record(run);
  gpu.replay(recording);
  gpu.replay(recording);
  const [xs, outs] = [await gpu.readFloats(x), await gpu.readFloats(out)];
  const broadcast = await broadcasts(gpu);
  const problem = await gpu.device.popErrorScope();
  recording.dispose();
  gpu.free(x, out);
  made.dispose();
  if (problem !== null) throw failed(problem.message);
  for (let i = 0; i < count; i++) {
    const [x0, received] = [i + 1, [xs[i], outs[i]]];
    const expected = [x0 + 3, 2 * (x0 + 2)];
    if (received[0] !== expected[0] || received[1] !== expected[1])
      throw failed(`expected ${expected.join(' and ')}, received ${received.join(' and ')}`);
  }
  const { expected, received } = broadcast;
  if (expected.some((value, index) => value !== received[index]))
    throw failed(`of subgroups expected ${expected.join(', ')}, received ${received.join(', ')}`);
}

/** What the subgroups of two workgroups broadcast, and what they should; nothing where there are none. */
async function broadcasts(gpu: TfjsGpu): Promise<{ expected: number[]; received: number[] }> {
  const size = gpu.subgroupSize;
  if (size === null) return { expected: [], received: [] };
  const out = gpu.allocate(2 * size);
  gpu.run(subgroupProbe(size), { out }, {}, 2);
  const received = [...(await gpu.readFloats(out))];
  gpu.free(out);
  const expected = Array.from({ length: 2 * size }, (_, index) => size - 1 + (index < size ? 0 : 0.5));
  return { expected, received };
}

function failed(why: string): StudioError {
  return new StudioError({
    boundary: 'device',
    code: 'gpu-self-test',
    message: `The GPU did not pass its self-test: ${why}.`,
    action: 'Training goes on with plain TensorFlow.js ops, which are slower.',
  });
}
