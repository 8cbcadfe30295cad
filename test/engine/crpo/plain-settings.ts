/** Simple settings of the loss and the optimizer, to change in what a test is about. */
import type { RunConfig } from '../../../src/protocol';

export const PLAIN_LOSS: RunConfig['loss'] = {
  clipRangeLow: 0.2,
  clipRangeHigh: 0.2,
  dualClip: null,
  klCoefficient: 0,
  klClamp: null,
  entropyCoefficient: 0,
  aggregation: 'token-mean',
  maskTruncated: false,
};

export const PLAIN_OPTIMIZER: RunConfig['optimizer'] = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  warmupSteps: 0,
  schedule: 'constant',
  maxGradNorm: 0,
};
