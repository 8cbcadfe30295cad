/** Runs the parity list in a browser's module worker, on the backend asked for. */
import { bytesSource } from '../../../src/engine/files';
import { chooseBackend, type GpuHost, onDeviceLost, tf, trimGpuPool } from '../../../src/engine/tensor';
import type { BackendChoice, BackendReport } from '../../../src/protocol';
import { toErrorRecord } from '../../../src/protocol/errors';
import { PARITY_PARTS, type ParityCheck } from './parity';

export interface ParityRequest {
  readonly backend: BackendChoice;
  readonly models: readonly {
    /** Folder below /models/. */
    readonly name: string;
    readonly files: readonly string[];
    readonly parts: readonly (keyof typeof PARITY_PARTS)[];
  }[];
  /** Destroy the device at the end, to see that the loss is reported. */
  readonly destroyDevice: boolean;
}

export interface ParityAnswer {
  readonly report?: BackendReport;
  readonly checks: readonly ParityCheck[];
  /** Tensors left over, beside the cached constants. */
  readonly leaked?: number;
  /** Bytes of free GPU buffers before and after trimming the pool, mid-way. */
  readonly freeGpuBytes?: readonly [before: number, after: number];
  readonly deviceLost?: string;
  readonly error?: string;
}

self.onmessage = async ({ data }: MessageEvent<ParityRequest>) => {
  const checks: ParityCheck[] = [];
  try {
    self.postMessage(await run(data, checks));
  } catch (thrown) {
    self.postMessage({ checks, error: JSON.stringify(toErrorRecord(thrown)) } satisfies ParityAnswer);
  }
};

async function run(request: ParityRequest, checks: ParityCheck[]): Promise<ParityAnswer> {
  const { gpu } = navigator as { gpu?: GpuHost };
  const report = await chooseBackend(request.backend, { gpu, wasmFolder: `${self.location.origin}/wasm/` });
  const lost = new Promise<string>((resolve) => onDeviceLost(({ record }) => resolve(record.message)));
  let before = 0;
  let freeGpuBytes: readonly [number, number] | undefined;
  for (const [index, { name, files, parts }] of request.models.entries()) {
    const fetched = await Promise.all(files.map((file) => fetch(`/models/${name}/${file}`)));
    const bytes = await Promise.all(
      fetched.map(async (response) => new Uint8Array(await response.arrayBuffer())),
    );
    const folder = new Map(files.map((file, at) => [file, bytesSource(file, bytes[at]!)]));
    const reference = JSON.parse(new TextDecoder().decode(bytes[files.indexOf('reference.json')]));
    for (const part of parts) {
      const ofPart = await PARITY_PARTS[part](folder, reference);
      checks.push(...ofPart.map((check) => ({ ...check, name: `${name} ${part}: ${check.name}` })));
    }
    // The first model makes the constants that stay.
    if (index === 0) before = tf.memory().numTensors;
    if (report.name === 'webgpu') freeGpuBytes = trimmed();
  }
  const leaked = tf.memory().numTensors - before;
  if (!request.destroyDevice) return { report, checks, leaked };
  (tf.backend() as unknown as { device: { destroy(): void } }).device.destroy();
  return { report, checks, leaked, ...(freeGpuBytes && { freeGpuBytes }), deviceLost: await lost };
}

/** Trims the pool in the middle of the work: what comes after must still agree. */
function trimmed(): readonly [number, number] {
  const { bufferManager: pool } = tf.backend() as unknown as {
    bufferManager: { numBytesAllocated: number; numBytesUsed: number };
  };
  const free = () => pool.numBytesAllocated - pool.numBytesUsed;
  const before = free();
  trimGpuPool(before);
  if (free() !== before) throw new Error('the pool was trimmed below its limit');
  trimGpuPool(before - 1);
  return [before, free()];
}
