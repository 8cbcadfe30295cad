/** Runs the parity list in a browser's module worker, on the backend asked for. */
import { bytesSource } from '../../../src/engine/files';
import { chooseBackend, type GpuHost, onDeviceLost, tf } from '../../../src/engine/tensor';
import type { BackendChoice, BackendReport } from '../../../src/protocol';
import { toErrorRecord } from '../../../src/protocol/errors';
import { PARITY_PARTS, type ParityCheck } from './parity';

export interface ParityRequest {
  readonly backend: BackendChoice;
  /** Folder below /models/ → its files. */
  readonly models: Readonly<Record<string, readonly string[]>>;
  /** Destroy the device at the end, to see that the loss is reported. */
  readonly destroyDevice: boolean;
}

export interface ParityAnswer {
  readonly report?: BackendReport;
  readonly checks: readonly ParityCheck[];
  /** Tensors left over, beside the cached constants. */
  readonly leaked?: number;
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
  for (const [name, files] of Object.entries(request.models)) {
    const fetched = await Promise.all(files.map((file) => fetch(`/models/${name}/${file}`)));
    const bytes = await Promise.all(
      fetched.map(async (response) => new Uint8Array(await response.arrayBuffer())),
    );
    const folder = new Map(files.map((file, index) => [file, bytesSource(file, bytes[index]!)]));
    const reference = JSON.parse(new TextDecoder().decode(bytes[files.indexOf('reference.json')]));
    for (const [part, compare] of Object.entries(PARITY_PARTS)) {
      const ofPart = await compare(folder, reference);
      checks.push(...ofPart.map((check) => ({ ...check, name: `${name} ${part}: ${check.name}` })));
      // The first model's parts make the constants that stay.
      if (name === Object.keys(request.models)[0]) before = tf.memory().numTensors;
    }
  }
  const leaked = tf.memory().numTensors - before;
  if (!request.destroyDevice) return { report, checks, leaked };
  (tf.backend() as unknown as { device: { destroy(): void } }).device.destroy();
  return { report, checks, leaked, deviceLost: await lost };
}
