/** The same CRPO run on the fused path and on plain ops: a change of speed must not change the trajectory. */
import { beforeAll, expect, it } from 'vitest';
import type { StepEnvironment } from '../../../src/engine/crpo/environment';
import type { Learner } from '../../../src/engine/crpo/learner';
import { createReference } from '../../../src/engine/crpo/reference';
import { initialState } from '../../../src/engine/crpo/state';
import { crpoStep } from '../../../src/engine/crpo/step';
import type { StepRecord } from '../../../src/protocol';
import { learnerOf, tinyConfig, tinyEnvironment, tinyPolicy } from '../crpo/tiny';
import { describeOnGpu } from '../gpu/dawn';
import { useBackend } from '../tensor/backends';
import { fusedOf } from './load';

const STEPS = 50;

async function trajectory(learner: Learner): Promise<StepRecord[]> {
  const config = tinyConfig({ steps: STEPS, loss: { klCoefficient: 0.02 }, update: { epochs: 2 } });
  const reference = createReference(learner, config);
  const environment: StepEnvironment = tinyEnvironment(learner, config, { reference });
  const state = initialState();
  const records: StepRecord[] = [];
  for (let step = 0; step < STEPS; step++) {
    records.push(await crpoStep(environment, state));
    await new Promise((resolve) => setImmediate(resolve));
  }
  reference?.dispose();
  learner.dispose();
  return records;
}

describeOnGpu('50 steps', (gpu) => {
  beforeAll(() => useBackend('wasm')); // for the plain learner

  it('are the same in kernels and in plain ops: rollouts, losses, norms', async () => {
    const fused = await trajectory(await fusedOf(tinyPolicy(), gpu()));
    const plain = await trajectory(learnerOf(tinyPolicy()));
    fused.forEach(({ metrics, rollouts }, step) => {
      const expected = plain[step]!;
      expect(rollouts.map(({ completion }) => completion)).toEqual(
        expected.rollouts.map(({ completion }) => completion),
      );
      for (const key of ['loss', 'kl', 'entropy', 'grad_norm'] as const)
        expect(Math.abs(metrics[key]! - expected.metrics[key]!), `${key} of step ${step + 1}`).toBeLessThan(
          1e-4 * Math.max(1, Math.abs(expected.metrics[key]!)),
        );
    });
    expect(plain.at(-1)!.metrics.kl).toBeGreaterThan(1e-3); // the policy has moved
  }, 300_000);
});
