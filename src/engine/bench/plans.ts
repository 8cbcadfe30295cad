/** The rows of the engine's benchmark, and what they are to reach. */
import type { CaseName } from './cases';
import type { RowPlan } from './rows';

const training = (caseName: CaseName, size: string): RowPlan[] => {
  const shared = { backend: 'webgpu', caseName, baseline: 'plain', target: null } as const;
  return [
    { ...shared, name: `training step, ${size}`, quantity: 'time' },
    { ...shared, name: `dispatches of a step, ${size}`, quantity: 'dispatches' },
    { ...shared, name: `GPU memory at most, ${size}`, quantity: 'peakBytes' },
    { ...shared, name: `pipelines compiled, ${size}`, quantity: 'pipelines' },
  ];
};

function linear(caseName: CaseName, name: string): RowPlan {
  return { name, caseName, quantity: 'time', backend: 'webgpu', baseline: 'plain', target: null };
}

const SAMPLING = { backend: 'webgpu', caseName: 'rollout-d128', target: null } as const;

export const PLANS: readonly RowPlan[] = [
  {
    ...{ backend: 'wasm', caseName: 'training-d128', baseline: 'plain', target: 3.5 },
    ...{ name: 'training step, width 128', quantity: 'time' },
  },
  ...training('training-d128', 'width 128'),
  ...training('training-d256', 'width 256'),
  { ...SAMPLING, baseline: 'plain', name: 'rollout of 32 rows × 32 tokens', quantity: 'time' },
  {
    ...{ ...SAMPLING, baseline: 'plain', shorter: 'rollout-d128-half' },
    ...{ name: 'dispatches per token of a rollout', quantity: 'dispatches' },
  },
  {
    ...{ ...SAMPLING, baseline: 'plain', shorter: 'rollout-d128-half' },
    ...{ name: 'one token of 32 rows', quantity: 'time' },
  },
  { ...SAMPLING, baseline: 'plain', name: 'GPU memory at most in a rollout', quantity: 'peakBytes' },
  {
    ...{ backend: 'webgpu', caseName: 'head-v8192', baseline: 'plain', target: null },
    ...{ name: 'head and loss, vocabulary 8,192: GPU memory', quantity: 'workingBytes' },
  },
  {
    ...{ backend: 'webgpu', caseName: 'head-v8192', baseline: 'plain', target: null },
    ...{ name: 'head and loss, vocabulary 8,192', quantity: 'time' },
  },
  ...([64, 128, 256, 512] as const).map((rows) =>
    linear(`linear-training-${rows}`, `linear layer 896 × 1216, forward and backward, ${rows} tokens`),
  ),
  ...([1, 8, 32] as const).map((rows) =>
    linear(`linear-decode-${rows}`, `linear layer 896 × 1216, forward, ${rows} rows`),
  ),
  {
    ...{ backend: 'webgpu', caseName: 'training-d128', baseline: 'jax-js', target: null },
    ...{ name: 'training step, width 128', quantity: 'time' },
  },
  {
    ...{ backend: 'webgpu', caseName: 'training-d128', baseline: 'jax-js', target: null },
    ...{ name: 'dispatches of a step, width 128', quantity: 'dispatches' },
  },
  {
    ...{ backend: 'webgpu', caseName: 'training-d128', baseline: 'jax-js', target: null },
    ...{ name: 'GPU memory at most, width 128', quantity: 'peakBytes' },
  },
  { ...SAMPLING, baseline: 'jax-js', name: 'rollout of 32 rows × 32 tokens', quantity: 'time' },
];
