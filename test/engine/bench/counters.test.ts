import { describe, expect, it } from 'vitest';
import { countGpu, countsBetween } from '../../../src/engine/bench/counters';
import { tf } from '../../../src/engine/tensor';
import { describeOnGpu } from '../gpu/dawn';

/** WebGPU's classes, as far as they are counted. */
function classes() {
  class GPUBuffer {
    constructor(readonly size: number) {}
    mapAsync = undefined;
    destroy(): string {
      return 'destroyed';
    }
  }
  class GPUQueue {
    submit(): void {}
    writeBuffer(): void {}
  }
  class GPUComputePassEncoder {
    dispatchWorkgroups(...grid: number[]): number[] {
      return grid;
    }
  }
  class GPUDevice {
    createBuffer({ size }: { size: number }): GPUBuffer {
      return new GPUBuffer(size);
    }
    createBindGroup(): void {}
    createComputePipeline(): void {}
  }
  return { GPUBuffer, GPUQueue, GPUComputePassEncoder, GPUDevice };
}

describe('the counter', () => {
  it('counts calls, and bytes that are allocated at a time', () => {
    const made = classes();
    const counter = countGpu(made)!;
    const device = new made.GPUDevice();
    const [a, b] = [device.createBuffer({ size: 100 }), device.createBuffer({ size: 20 })];
    expect(counter.liveBytes).toBe(120);
    expect(a.destroy()).toBe('destroyed');
    a.destroy(); // again: nothing more to give back
    expect([counter.liveBytes, counter.peakBytes]).toEqual([20, 120]);
    counter.forgetPeak();
    device.createBuffer({ size: 1 });
    expect(counter.peakBytes).toBe(21);
    expect(b.size).toBe(20);
    expect(new made.GPUComputePassEncoder().dispatchWorkgroups(3, 2)).toEqual([3, 2]);
    new made.GPUQueue().submit();
    device.createBindGroup();
    expect(counter.counts).toEqual({
      dispatches: 1,
      submits: 1,
      writes: 0,
      readbacks: 0,
      buffers: 3,
      bindGroups: 1,
      pipelines: 0,
    });
    const before = { ...counter.counts };
    counter.stop();
    device.createBindGroup();
    device.createBuffer({ size: 7 });
    expect(countsBetween(before, counter.counts)).toMatchObject({ bindGroups: 0, buffers: 0 });
  });

  it('is not there without WebGPU', () => {
    expect(countGpu({})).toBeNull();
  });
});

describeOnGpu('the counter on Dawn', () => {
  it('sees what tfjs asks for', async () => {
    const counter = countGpu(globalThis as unknown as Record<string, unknown>)!;
    // tfjs computes on the CPU what is small and there already.
    const [x, y] = [2, 3].map((value) => tf.tensor1d(new Float32Array(5000).fill(value)));
    const before = { ...counter.counts };
    const sum = tf.add(tf.mul(x!, y!), y!);
    await sum.data();
    expect(countsBetween(before, counter.counts)).toMatchObject({
      dispatches: 2,
      readbacks: 1,
      bindGroups: 2,
    });
    expect(counter.liveBytes).toBeGreaterThan(0);
    counter.stop();
    tf.dispose([x!, y!, sum]);
  });
});
