import { describe, expect, it } from 'vitest';
import type { MemoryPlan, RunConfig } from '../../../src/protocol';
import { memoryWarning, partsOf, remediesFor } from '../../../src/studio/store/memory';
import { config } from '../records';

const MIB = 2 ** 20;

/** Parts in MiB, and the limit. */
function plan(parts: Record<string, number>, limit = 4096): MemoryPlan {
  const bytes = Object.values(parts).reduce((sum, each) => sum + each, 0) * MIB;
  const inBytes = Object.entries(parts).map(([name, each]) => [name, each * MIB] as const);
  return { bytes, parts: Object.fromEntries(inBytes), limitBytes: limit * MIB };
}

describe('a memory plan', () => {
  it('lists its parts from the largest, with their share, and none that is empty', () => {
    expect(partsOf(plan({ weights: 100, kv: 300, adapter: 0, moments: 100 }))).toEqual([
      { name: 'kv', label: 'Keys and values of the rollouts', bytes: 300 * MIB, share: 0.6 },
      { name: 'weights', label: 'Weights', bytes: 100 * MIB, share: 0.2 },
      { name: 'moments', label: 'Optimizer’s moments', bytes: 100 * MIB, share: 0.2 },
    ]);
  });

  it('names a part that it does not know as the engine does', () => {
    expect(partsOf(plan({ surprise: 1 }))[0]!.label).toBe('surprise');
  });

  it('warns beyond the limit only', () => {
    expect(memoryWarning(plan({ weights: 100 }, 100), config)).toBeNull();
    expect(memoryWarning(plan({ weights: 60, activations: 41 }, 100), config)).toBe(
      'More than the limit, although activations are already computed twice to save memory. What takes ' +
        'less: a smaller micro-batch or shorter completions. The run can start, and fails if the GPU has ' +
        'no room for it.',
    );
    // Generation takes most, and knows no activations.
    expect(memoryWarning(plan({ weights: 60, kv: 41, activations: 0 }, 100), config)).toBe(
      'More than the limit. What takes less: shorter completions or fewer rollouts per step. The run can ' +
        'start, and fails if the GPU has no room for it.',
    );
    // Nothing that the settings could change.
    expect(memoryWarning(plan({ weights: 200 }, 100), config)).toBe(
      'More than the limit. The run can start, and fails if the GPU has no room for it.',
    );
  });

  it('proposes first what touches most, and nothing that is as small as it can be', () => {
    const lora = 'LoRA instead of full training';
    const [batch, short, few] = ['a smaller micro-batch', 'shorter completions', 'fewer rollouts per step'];
    const heavy = plan({ weights: 10, gradient: 20, moments: 40, kv: 15, activations: 15 });
    expect(remediesFor(heavy, config)).toEqual([lora, short, batch, few]);
    expect(remediesFor(plan({ weights: 10, gradient: 1, kv: 89 }), config)).toEqual([short, few]);
    const least: RunConfig = {
      ...config,
      training: { ...config.training, mode: 'lora' },
      update: { ...config.update, microBatchSize: 1 },
      sampling: { ...config.sampling, promptsPerBatch: 1, groupSize: 1 },
    };
    expect(remediesFor(heavy, least)).toEqual([short]);
  });
});
