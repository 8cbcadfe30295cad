/**
 * What the layer uses of tfjs-webgpu 4.22.0 that tfjs does not document, in one place: its command
 * encoder and compute pass, so that our dispatches and tfjs' own ops run in the order in which they
 * were written; and the GPU buffer of a tensor.
 */
import { StudioError } from '../../protocol/errors';
import { tf } from '../tensor';
import type { GpuBuffer, GpuCommandEncoder, GpuComputePass, GpuDevice, View } from './webgpu';

export interface TfjsBackend {
  readonly device: GpuDevice;
  computePassEncoder: GpuComputePass | null;
  commandEncoder: GpuCommandEncoder | null;
  dispatchCountInPass: number;
  commandQueueOwnedIds: { add(dataId: object): void };
  readonly tensorMap: { get(dataId: object): { resource?: GpuBuffer } };
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
}

const METHODS = ['ensureCommandEncoderReady', 'endComputePassEncoder', 'submitQueue', 'uploadToGPU'] as const;
const FIELDS = [
  'device',
  'commandEncoder',
  'computePassEncoder',
  'dispatchCountInPass',
  'commandQueueOwnedIds',
  'tensorMap',
] as const;

/** The active backend, if it has the members that the layer needs; throws `gpu-internals` if not. */
export function tfjsBackend(): TfjsBackend {
  const backend = tf.backend() as unknown as TfjsBackend & Record<string, unknown>;
  const missing = [
    ...METHODS.filter((name) => typeof backend[name] !== 'function'),
    ...FIELDS.filter((name) => !(name in backend)),
  ];
  if (tf.getBackend() === 'webgpu' && missing.length === 0) return backend;
  throw new StudioError({
    boundary: 'device',
    code: 'gpu-internals',
    message:
      tf.getBackend() === 'webgpu'
        ? `Expected TensorFlow.js' webgpu backend to have ${missing.join(', ')}, received none.`
        : `Expected the webgpu backend, received ${tf.getBackend()}.`,
    action: 'Training goes on with plain TensorFlow.js ops, which are slower.',
  });
}

/** Where a tensor's values lie on the GPU. It stays valid until the tensor is disposed of. */
export function viewOfTensor(backend: TfjsBackend, tensor: tf.TensorInfo): View {
  backend.uploadToGPU(tensor.dataId);
  backend.commandQueueOwnedIds.add(tensor.dataId);
  const buffer = backend.tensorMap.get(tensor.dataId).resource!;
  const size = tensor.shape.reduce((product, length) => product * length, 1) * 4;
  return { buffer, offset: 0, size };
}
