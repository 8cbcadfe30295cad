/** The engine in an isolate of its own: an entry. On webgpu it is the fused learner, on wasm the plain one. */

import { encodeSafetensors } from '../checkpoint/safetensors';
import type { Learner } from '../crpo/learner';
import { plainLearner } from '../crpo/plain/learner';
import { bytesSource, type Folder } from '../files';
import { type FusedDevice, fuse, openFusedEngine, tuneFor } from '../fused';
import { loadPolicy } from '../policy';
import { chooseBackend } from '../tensor';
import type { TensorHost } from '../tensor/backend';
import { type BenchCase, CASES, type IsolateRequest, type IsolateResult, type Side } from './cases';
import { fusedHeadSide, fusedLinearSide } from './fused-side';
import { learnerSide } from './learner-side';
import { type BenchHost, measure } from './measure';
import { benchConfig, benchWeights, MODELS, type ModelSize } from './model';
import { runTrajectory, type TrajectoryStep } from './trajectory';

export type LearnerPath = 'plain' | 'fused';

const PAD = 0;

export async function measureHere(request: IsolateRequest): Promise<IsolateResult> {
  const { caseName, backend, tensors, repeats, host } = request;
  const { adapter, software } = await chooseBackend(backend, tensors);
  const side = await openSide(CASES[caseName], backend === 'webgpu' ? 'fused' : 'plain', software, host);
  const measurement = await measure(side, repeats, host);
  side.dispose();
  return { adapter, measurement };
}

async function openSide(
  benchCase: BenchCase,
  path: LearnerPath,
  software: boolean,
  host: BenchHost,
): Promise<Side> {
  if (benchCase.kind === 'linear') return fusedLinearSide(await openDevice(software), benchCase);
  if (benchCase.kind === 'head') return fusedHeadSide(await openDevice(software), benchCase);
  const learner = await openLearner(benchCase.model, path, software, host);
  return learnerSide(benchCase, learner, {
    breathe: host.breathe,
    signal: { throwIfAborted: () => undefined },
  });
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
  const { adapter, software } = await chooseBackend(backend, tensors);
  const learner = await openLearner(MODELS.tiny, path, software, host);
  const taken = await runTrajectory(learner, { steps, seed, vocabulary: MODELS.tiny.vocabulary }, host);
  learner.dispose();
  return { adapter, steps: taken };
}

/** The bench's model of that size, on tfjs' active backend; on a GPU the kernels compete first, as in a run. */
export async function openLearner(
  size: ModelSize,
  path: LearnerPath,
  software = true,
  host?: BenchHost,
): Promise<Learner> {
  const policy = await loadPolicy(benchFolder(size), { training: { mode: 'full' } });
  if (path === 'plain') return plainLearner(policy, PAD);
  const device = await openDevice(software);
  if (!software && host !== undefined) await tuneFor(device, policy.config, host.wallClock);
  return fuse(policy, device);
}

async function openDevice(software: boolean): Promise<FusedDevice> {
  const { device, problem } = await openFusedEngine({ software });
  if (device === null) throw new Error(`The fused engine does not run here: ${problem}`);
  return device;
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
