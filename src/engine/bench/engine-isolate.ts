/** The engine in an isolate of its own: an entry. On webgpu it is the fused learner, on wasm the plain one. */

import { encodeSafetensors } from '../checkpoint/safetensors';
import type { Pausable } from '../crpo/environment';
import type { Learner } from '../crpo/learner';
import { plainLearner } from '../crpo/plain/learner';
import { bytesSource, type Folder } from '../files';
import { fuse, openFusedEngine } from '../fused';
import { loadPolicy } from '../policy';
import { chooseBackend } from '../tensor';
import type { TensorHost } from '../tensor/backend';
import { CASES, type IsolateRequest, type IsolateResult } from './cases';
import { learnerSide } from './learner-side';
import { type BenchHost, measure } from './measure';
import { benchConfig, benchWeights, MODELS, type ModelSize } from './model';
import { runTrajectory, type TrajectoryStep } from './trajectory';

export type LearnerPath = 'plain' | 'fused';

const PAD = 0;

export async function measureHere(request: IsolateRequest): Promise<IsolateResult> {
  const { caseName, backend, tensors, repeats, host } = request;
  const { adapter } = await chooseBackend(backend, tensors);
  const benchCase = CASES[caseName];
  const learner = await openLearner(benchCase.model, backend === 'webgpu' ? 'fused' : 'plain');
  const pausable: Pausable = { breathe: host.breathe, signal: { throwIfAborted: () => undefined } };
  const side = learnerSide(benchCase, learner, pausable);
  const measurement = await measure(side, repeats, host);
  side.dispose();
  return { adapter, measurement };
}

export interface TrajectoryRequest {
  readonly path: LearnerPath;
  readonly backend: 'webgpu' | 'wasm';
  readonly tensors: TensorHost;
  readonly steps: number;
  readonly seed: number;
  readonly host: BenchHost;
}

/** The steps of a run on the toy, for comparison with those of another path. */
export async function trajectoryHere(
  request: TrajectoryRequest,
): Promise<{ adapter: string; steps: TrajectoryStep[] }> {
  const { path, backend, tensors, steps, seed, host } = request;
  const { adapter } = await chooseBackend(backend, tensors);
  const learner = await openLearner(MODELS.tiny, path);
  const taken = await runTrajectory(learner, { steps, seed, vocabulary: MODELS.tiny.vocabulary }, host);
  learner.dispose();
  return { adapter, steps: taken };
}

/** The bench's model of that size, on tfjs' active backend. */
export async function openLearner(size: ModelSize, path: LearnerPath): Promise<Learner> {
  const policy = await loadPolicy(benchFolder(size), { training: { mode: 'full' } });
  if (path === 'plain') return plainLearner(policy, PAD);
  const { device, problem } = await openFusedEngine();
  if (device === null) throw new Error(`The fused engine does not run here: ${problem}`);
  return fuse(policy, device);
}

/** The model as a Hugging Face folder in memory. */
function benchFolder(size: ModelSize): Folder {
  const config = benchConfig(size);
  const json = new TextEncoder().encode(JSON.stringify(config.json));
  const weights = encodeSafetensors(benchWeights(config));
  return new Map([
    ['config.json', bytesSource('config.json', json)],
    ['model.safetensors', bytesSource('model.safetensors', weights)],
  ]);
}
