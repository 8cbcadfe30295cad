/**
 * Which backend computes: webgpu on a real GPU, else wasm, and a sentence that says why. The engine
 * has no `navigator`; what it needs of its host comes in as an argument.
 */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { StudioError } from '../../protocol/errors';
import type { BackendChoice, BackendReport } from '../../protocol/records';
import { activate, deviceError, message } from './activate';
import { tf } from './tf';
import { activateWasm, type WasmHost, type WasmReport } from './wasm';

/** What `navigator.gpu` offers, as far as it is used here. */
export interface GpuHost {
  requestAdapter(options?: { powerPreference?: 'high-performance' }): Promise<GpuAdapter | null>;
}

interface GpuAdapter {
  readonly info?: AdapterDescription;
  readonly isFallbackAdapter?: boolean;
  readonly features: { has(name: never): boolean };
  readonly limits: object;
  requestDevice(descriptor: object): Promise<GpuDevice>;
}

interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

interface GpuDevice {
  readonly lost: Promise<{ readonly reason?: string; readonly message: string }>;
}

export interface TensorHost extends WasmHost {
  /** `navigator.gpu`; undefined where there is no WebGPU. */
  readonly gpu: GpuHost | undefined;
}

/** tfjs' limits of its own device; without them WebGPU grants the small defaults. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
] as const;

/** What our kernels use where it is. */
const OPTIONAL_FEATURES = ['subgroups'];

const SOFTWARE_ADAPTER = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b/i;

/**
 * tfjs' number for its small-tile matmul. It picks one with barriers over 256 invocations for few rows,
 * and on SwiftShader one decoding step of a tiny model took 4,000 ms with that, 100 ms with this.
 */
const TILED_MATMUL = 2;

let deviceLost: Promise<StudioError> | undefined;

/**
 * Activates a backend and says which. `auto` never fails over webgpu: no adapter, a software adapter
 * or a refused device give wasm and a notice. Forced, each backend comes or a device error does.
 *
 * @param threads on wasm, from 1; absent: many if they are faster here. What cannot start gives one, and a notice
 */
export async function chooseBackend(
  choice: BackendChoice,
  host: TensorHost,
  threads?: number,
): Promise<BackendReport> {
  if (choice === 'wasm') return { ...(await activateWasm(host, threads)), requested: choice };
  const adapter = await host.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  const { name, software } = describeAdapter(adapter);
  if (choice === 'webgpu') {
    if (!adapter) throw noAdapter(host);
    await activateWebgpu(adapter, software);
    const notice = `WebGPU runs on ${name}, a software adapter: results are right, training is slow.`;
    return { name: 'webgpu', requested: choice, adapter: name, software, ...(software && { notice }) };
  }
  if (adapter && !software) {
    try {
      await activateWebgpu(adapter, software);
      return { name: 'webgpu', requested: choice, adapter: name, software };
    } catch (refused) {
      const notice = `The GPU (${name}) gave no device, so the CPU computes, by WebAssembly: ${message(refused)}`;
      return explained(await activateWasm(host, threads), choice, name, notice);
    }
  }
  const notice = adapter
    ? `WebGPU offers only a software adapter (${name}), so the CPU computes, by WebAssembly, which is faster.`
    : 'There is no WebGPU adapter, so the CPU computes, by WebAssembly: the results are the same, training takes longer.';
  return explained(await activateWasm(host, threads), choice, name, notice);
}

/** wasm in place of webgpu, with the sentences of both choices. */
function explained(
  wasm: WasmReport,
  requested: BackendChoice,
  adapter: string,
  notice: string,
): BackendReport {
  return { ...wasm, requested, adapter, notice: wasm.notice ? `${notice} ${wasm.notice}` : notice };
}

/**
 * Calls back once with a device error when the webgpu device is gone, which tfjs does not handle:
 * its tensors are unreadable from then on. Never calls on wasm. Returns a function that ends it.
 */
export function onDeviceLost(callback: (error: StudioError) => void): () => void {
  let listening = true;
  deviceLost?.then((error) => {
    if (listening) callback(error);
  });
  return () => {
    listening = false;
  };
}

async function activateWebgpu(adapter: GpuAdapter, software: boolean): Promise<void> {
  const limits = adapter.limits as Readonly<Record<string, number>>;
  const requiredLimits = Object.fromEntries(RAISED_LIMITS.map((name) => [name, limits[name]!]));
  let device: GpuDevice;
  try {
    const requiredFeatures = OPTIONAL_FEATURES.filter((name) => adapter.features.has(name as never));
    device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  } catch (cause) {
    throw deviceError('webgpu-device-refused', `The GPU adapter gave no device: ${message(cause)}`, cause);
  }
  // tfjs registers a webgpu factory of its own where it finds `navigator.gpu`; this device is ours to watch.
  if (tf.engine().backendNames().includes('webgpu')) tf.removeBackend('webgpu');
  const Backend = WebGPUBackend as unknown as new (
    device: GpuDevice,
    info?: AdapterDescription,
  ) => tf.KernelBackend;
  tf.registerBackend('webgpu', () => new Backend(device, adapter.info));
  if (software) tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', TILED_MATMUL);
  await activate('webgpu');
  deviceLost = device.lost.then(({ reason, message: why }) => {
    const details = why.replace(/\.+$/, '') || 'no reason given';
    return deviceError('device-lost', `The GPU device was lost (${reason ?? 'unknown'}): ${details}.`);
  });
}

function describeAdapter(adapter: GpuAdapter | null | undefined): { name: string; software: boolean } {
  if (!adapter) return { name: 'no WebGPU adapter', software: false };
  const { info } = adapter;
  const words = [info?.vendor, info?.architecture, info?.description].filter((word) => word);
  const name = words.length > 0 ? words.join(' ') : 'unnamed adapter';
  const fallback = adapter.isFallbackAdapter === true || info?.isFallbackAdapter === true;
  return { name, software: fallback || SOFTWARE_ADAPTER.test(name) };
}

function noAdapter(host: TensorHost): StudioError {
  const received = host.gpu === undefined ? 'this browser has no WebGPU' : 'WebGPU offers no adapter';
  return deviceError('no-webgpu-adapter', `The webgpu backend was asked for, but ${received}.`);
}
