/** The rows of the engine's benchmark, and what they are to reach. */
import type { CaseName } from './cases';
import type { RowPlan } from './rows';

type Aim = Pick<RowPlan, 'name' | 'quantity' | 'target'>;

const onGpu = (caseName: CaseName, baseline: RowPlan['baseline'], aims: readonly Aim[]): RowPlan[] =>
  aims.map((aim) => ({ backend: 'webgpu', caseName, baseline, ...aim }));

const wasm: RowPlan = {
  ...{ backend: 'wasm', caseName: 'training-d128', baseline: 'plain', target: 3.5 },
  ...{ name: 'training step, width 128', quantity: 'time' },
};

/** A step of four layers is to take 111 dispatches at most; the baseline's takes 1,047. */
const training = (caseName: CaseName, size: string): RowPlan[] =>
  onGpu(caseName, 'plain', [
    { name: `training step, ${size}`, quantity: 'time', target: 2.2 },
    { name: `dispatches of a step, ${size}`, quantity: 'dispatches', target: 9.4 },
    { name: `GPU memory at most, ${size}`, quantity: 'peakBytes', target: 5 },
    { name: `pipelines compiled, ${size}`, quantity: 'pipelines', target: null },
  ]);

/** A token's dispatches are to be 5 per layer and 3 at most, so 23; the baseline's are 213. */
const sampling: readonly RowPlan[] = [
  ...onGpu('rollout-d128', 'plain', [
    { name: 'rollout of 32 rows × 32 tokens', quantity: 'time', target: null },
    { name: 'GPU memory at most in a rollout', quantity: 'peakBytes', target: null },
  ]),
  ...onGpu('rollout-d128', 'plain', [{ name: 'one token of 32 rows', quantity: 'time', target: 6 }]).map(
    (plan) => ({ ...plan, shorter: 'rollout-d128-short' as const }),
  ),
  ...onGpu('rollout-d128', 'plain', [
    { name: 'dispatches per token of a rollout', quantity: 'dispatches', target: 9.2 },
  ]).map((plan) => ({ ...plan, shorter: 'rollout-d128-half' as const })),
  ...onGpu('rollout-d128', 'plain', [
    { name: 'readbacks per 16 tokens', quantity: 'readbacks', target: 16 },
  ]).map((plan) => ({ ...plan, shorter: 'rollout-d128-half' as const, tokens: 16 })),
  ...onGpu('rollout-one', null, [
    { name: 'bytes moved per decoded token of one row, in weights', quantity: 'traffic', target: 1.2 },
  ]).map((plan) => ({ ...plan, shorter: 'rollout-one-half' as const })),
];

/** Per token, against the least of its kind: below 1 over the length, by attention; 1 or above over the batch. */
const scaled = (caseName: CaseName, engineIn: CaseName, sizes: string): RowPlan[] =>
  onGpu(caseName, { engineIn }, [
    { name: `step per token, ${sizes}`, quantity: 'time', target: null },
    { name: `multiply-adds per token, ${sizes}`, quantity: 'multiplyAdds', target: null },
  ]);

const scaling: readonly RowPlan[] = [
  ...scaled('training-d128', 'training-4x64', 'T 128 against T 64'),
  ...scaled('training-4x256', 'training-4x64', 'T 256 against T 64'),
  ...scaled('training-4x512', 'training-4x64', 'T 512 against T 64'),
  ...scaled('training-2x128', 'training-1x128', 'B 2 against B 1'),
  ...scaled('training-d128', 'training-1x128', 'B 4 against B 1'),
  ...scaled('training-8x128', 'training-1x128', 'B 8 against B 1'),
  ...scaled('training-16x128', 'training-1x128', 'B 16 against B 1'),
  ...scaled('training-32x128', 'training-1x128', 'B 32 against B 1'),
];

const parts: readonly RowPlan[] = [
  ...onGpu('head-v8192', 'plain', [
    { name: 'head and loss, vocabulary 8,192: GPU memory', quantity: 'workingBytes', target: 20 },
    { name: 'head and loss, vocabulary 8,192', quantity: 'time', target: null },
  ]),
  ...([1, 8, 32] as const).flatMap((rows) =>
    onGpu(`linear-${rows}`, 'plain', [
      { name: `linear layer 896 × 1216, one token of ${rows}`, quantity: 'time', target: null },
    ]),
  ),
];

const againstJax: readonly RowPlan[] = [
  ...onGpu('training-d128', 'jax-js', [
    { name: 'training step, width 128', quantity: 'time', target: 1 },
    { name: 'dispatches of a step, width 128', quantity: 'dispatches', target: 1 },
    { name: 'GPU memory at most, width 128', quantity: 'peakBytes', target: 1 },
  ]),
  ...onGpu('rollout-d128', 'jax-js', [
    { name: 'rollout of 32 rows × 32 tokens', quantity: 'time', target: 1 },
  ]),
];

export const PLANS: readonly RowPlan[] = [
  wasm,
  ...training('training-d128', 'width 128'),
  ...training('training-d256', 'width 256'),
  ...sampling,
  ...scaling,
  ...parts,
  ...againstJax,
];

/** For a device that would take long over all of them; too small to be held to a target. */
export const SHORT_PLANS: readonly RowPlan[] = [
  wasm,
  ...onGpu('training-tiny', 'plain', [
    { name: 'training step, tiny model', quantity: 'time', target: null },
    { name: 'dispatches of a step, tiny model', quantity: 'dispatches', target: null },
    { name: 'GPU memory at most, tiny model', quantity: 'peakBytes', target: null },
  ]),
  ...onGpu('rollout-tiny', 'plain', [
    { name: 'rollout of 4 rows × 8 tokens, tiny model', quantity: 'time', target: null },
  ]),
  ...onGpu('head-tiny', 'plain', [{ name: 'head and loss, tiny model', quantity: 'time', target: null }]),
];
