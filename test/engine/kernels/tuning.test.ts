import { describe, expect, it } from 'vitest';
import type { Gpu, Kernel, View } from '../../../src/engine/gpu';
import {
  defaultTuning,
  type TuningShapes,
  tuneKernels,
  variantFor,
} from '../../../src/engine/kernels/tuning';

const shapes: TuningShapes = {
  matmul: [
    { layout: 'nt', m: 512, n: 1027, k: 256 },
    { layout: 'nn', m: 512, n: 256, k: 1027 },
    { layout: 'tn', m: 128, n: 128, k: 2_000_001 },
  ],
  decodeLinear: [
    { rows: 1, inputs: 896, outputs: 151_936 },
    { rows: 32, inputs: 896, outputs: 896 },
  ],
};

/** A device on which a dispatch takes as long as its kernel's name says, and `compileMs` more at first. */
function fakeDevice(dispatchMs: (name: string) => number, compileMs = 0) {
  const compiled = new Set<string>();
  const device = { now: 5000, pending: 0, longestMs: 0, held: 0, gpu: {} as Gpu };
  const fake: Partial<Gpu> = {
    allocate: (values: number): View => {
      device.held += 1;
      return { buffer: {} as View['buffer'], offset: 0, size: values * 4 };
    },
    free: (...views: readonly View[]) => {
      device.held -= views.length;
    },
    run: ({ name }: Kernel, _views, _uniforms, _workgroups, cost) => {
      expect(cost!.multiplyAdds).toBeLessThanOrEqual(1e8);
      if (!compiled.has(name)) device.pending += compileMs;
      compiled.add(name);
      device.pending += dispatchMs(name);
    },
    done: async () => {
      device.longestMs = Math.max(device.longestMs, device.pending);
      device.now += device.pending;
      device.pending = 0;
    },
  };
  device.gpu = fake as Gpu;
  return device;
}

describe('tuning', () => {
  it('takes the fastest variant for each layout and size', async () => {
    const device = fakeDevice((name) => {
      const fastest = name.includes('-tn')
        ? 'tiles-64'
        : name.includes('-nn')
          ? 'tiles-32'
          : 'registers-4x64';
      if (name.startsWith('decode-split')) return name.includes('split-1x') ? 0.1 : 3;
      return name.includes(fastest) ? 0.5 : 2;
    });
    const tuning = await tuneKernels(device.gpu, shapes, () => device.now);
    expect(tuning.matmul.nt.large).toBe('wide');
    expect(tuning.matmul.nn.small).toBe('tiles-32');
    expect(tuning.matmul.tn.small).toBe('tiles-64');
    expect(tuning.decodeLinear.one).toBe('split');
    expect(tuning.decodeLinear.many).not.toBe('split');
    expect(device.held).toBe(0);
    expect(JSON.parse(JSON.stringify(tuning))).toEqual(tuning);
    // Three products of at most 1e8 multiply-adds in half a millisecond each.
    expect(tuning.multiplyAddsPerSecond).toBeGreaterThan(1e11);
    expect(tuning.multiplyAddsPerSecond).toBeLessThanOrEqual(2e11);
  });

  it('stops when its second is over and keeps the guess for the rest', async () => {
    const device = fakeDevice(() => 50, 100);
    const tuning = await tuneKernels(device.gpu, shapes, () => device.now);
    expect(device.now - 5000).toBeLessThan(1300);
    expect(tuning.decodeLinear).toEqual(defaultTuning({ software: false }).decodeLinear);
    expect(device.held).toBe(0);
  });

  it('submits little at a time', async () => {
    const device = fakeDevice(() => 0.01);
    await tuneKernels(device.gpu, shapes, () => device.now);
    expect(device.longestMs).toBeLessThan(5);
  });

  it('guesses kernels without barriers for a CPU, tiles for a GPU', () => {
    const [cpu, gpu] = [defaultTuning({ software: true }), defaultTuning({ software: false })];
    const large = { layout: 'nt', m: 4096, n: 1024, k: 1024 } as const;
    const small = { layout: 'tn', m: 128, n: 128, k: 4096 } as const;
    expect(variantFor(cpu, large)).toBe('broadcast');
    expect(variantFor(gpu, large)).toBe('tiles-64');
    expect(variantFor(gpu, small)).toBe('tiles-32');
    expect(variantFor(cpu, { rows: 1, inputs: 64, outputs: 64 })).toBe('broadcast');
    expect(variantFor(gpu, { rows: 8, inputs: 64, outputs: 64 })).toBe('split');
    expect(variantFor(gpu, { rows: 9, inputs: 64, outputs: 64 })).toBe('tiles-32');
  });
});
