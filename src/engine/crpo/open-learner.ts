/** Which learner computes; everything outside the engine makes its learners here. */
import type { Policy } from '../policy';
import type { Learner } from './learner';
import { plainLearner } from './plain/learner';

/**
 * Takes ownership of the policy, which the learner may move to the device in a form of its own.
 * `padToken` fills batches where sequences of different lengths lie side by side.
 */
export function openLearner(policy: Policy, padToken: number): Learner {
  return plainLearner(policy, padToken);
}
