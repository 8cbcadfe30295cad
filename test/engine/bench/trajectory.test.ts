/**
 * A run repeats itself, and the comparison can tell when two do not. That the fused learner's is the
 * plain one's: test/engine/fused/trajectory.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { openLearner } from '../../../src/engine/bench/engine-isolate';
import { MODELS } from '../../../src/engine/bench/model';
import {
  compareTrajectories,
  runTrajectory,
  type TrajectoryStep,
} from '../../../src/engine/bench/trajectory';
import { useBackend } from '../crpo/backends';

const OPTIONS = { seed: 5, steps: 6, vocabulary: MODELS.tiny.vocabulary };
const HOST = { breathe: () => new Promise<void>((resolve) => setImmediate(resolve)) };

async function steps(options = OPTIONS): Promise<TrajectoryStep[]> {
  const learner = await openLearner(MODELS.tiny, null);
  const taken = await runTrajectory(learner, options, HOST);
  learner.dispose();
  return taken;
}

describe('a trajectory', () => {
  it('repeats itself, and another seed is another one', async () => {
    await useBackend('wasm');
    const first = await steps();
    expect(compareTrajectories(first, await steps())).toMatchObject({
      steps: 6,
      firstDifferentSample: null,
      worstLossDifference: 0,
      worstGradNormDifference: 0,
    });
    const other = await steps({ ...OPTIONS, seed: 6 });
    expect(compareTrajectories(first, other).firstDifferentSample).toBe(1);
    // Every second step samples.
    expect(first.map(({ completions }) => completions?.length ?? 0)).toEqual([16, 0, 16, 0, 16, 0]);
  }, 60_000);

  it('is compared up to where the samples differ', () => {
    const step = (loss: number, completions: readonly string[] | null): TrajectoryStep => ({
      ...{ loss, gradNorm: 1, completions, reward: completions === null ? null : 0.5 },
    });
    const a = [step(0.5, ['x']), step(0.2, null), step(0.3, ['y'])];
    const b = [step(0.5, ['x']), step(0.21, null), step(9, ['z'])];
    const compared = compareTrajectories(a, b);
    expect(compared.firstDifferentSample).toBe(3);
    expect(compared.worstLossDifference).toBeCloseTo(0.05, 9);
  });
});
