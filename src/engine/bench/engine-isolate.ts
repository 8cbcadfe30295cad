/** The engine in an isolate of its own: an entry. On webgpu it is the fused learner, on wasm the plain one. */

import { encodeSafetensors } from '../checkpoint/safetensors';
import type { Learner } from '../crpo/learner';
import { loadLearner } from '../crpo/open-learner';
import { bytesSource, type Folder } from '../files';
import { type FusedDevice, openFusedEngine, tuneFor } from '../fused';
import type { PolicyConfig } from '../policy';
import { chooseBackend } from '../tensor';
import type { TensorHost } from '../tensor/backend';
import { type BenchCase, CASES, type IsolateRequest, type IsolateResult, type Side } from './cases';
import { fusedHeadSide, fusedLinearSide } from './fused-side';
import { learnerSide } from './learner-side';
import { type BenchHost, measure } from './measure';
import { benchConfig, benchWeights, headInputs, MODELS, type ModelSize } from './model';
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
  const device = path === 'fused' ? await openDevice(configOf(benchCase), software, host) : null;
  const side = await sideOf(benchCase, device, host);
  return device === null ? side : { ...side, work: device.gpu.counters };
}

async function sideOf(benchCase: BenchCase, device: FusedDevice | null, host: BenchHost): Promise<Side> {
  if (benchCase.kind === 'training' || benchCase.kind === 'rollout') {
    const pausable = { breathe: host.breathe, signal: { throwIfAborted: () => undefined } };
    return learnerSide(benchCase, await openLearner(benchCase.model, device), pausable);
  }
  if (device === null) throw new Error('internal: parts of a model are measured in our own kernels.');
  return benchCase.kind === 'linear' ? fusedLinearSide(device, benchCase) : fusedHeadSide(device, benchCase);
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
  const device = path === 'fused' ? await openDevice(benchConfig(MODELS.tiny), software, host) : null;
  const learner = await openLearner(MODELS.tiny, device);
  const taken = await runTrajectory(learner, { steps, seed, vocabulary: MODELS.tiny.vocabulary }, host);
  learner.dispose();
  return { adapter, steps: taken };
}

/** The bench's model of that size; null: in plain ops on tfjs' active backend. */
export function openLearner(size: ModelSize, device: FusedDevice | null): Promise<Learner> {
  return loadLearner(benchFolder(size), { training: { mode: 'full' }, padToken: PAD, device });
}

/** On a GPU the kernels compete first on the model's shapes, as in a run. */
async function openDevice(config: PolicyConfig, software: boolean, host: BenchHost): Promise<FusedDevice> {
  const { device, problem } = await openFusedEngine({ software });
  if (device === null) throw new Error(`The fused engine does not run here: ${problem}`);
  if (!software) await tuneFor(device, config, host.wallClock);
  return device;
}

/** The model whose shapes the case has. */
function configOf(benchCase: BenchCase): PolicyConfig {
  switch (benchCase.kind) {
    case 'head':
      return headInputs(benchCase.rows, benchCase.width, benchCase.vocabulary).config;
    case 'linear': {
      const { inputs: width, outputs: mlpWidth } = benchCase;
      return benchConfig({ ...MODELS.tiny, width, mlpWidth });
    }
    default:
      return benchConfig(benchCase.model);
  }
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
