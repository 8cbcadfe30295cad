/**
 * One measurement in a process of its own: `node scripts/bench/isolate.mjs REQUEST`, a request as JSON,
 * gives its result as a line of JSON on stdout. Started by engine.mjs.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importBundled } from '../lib/bundle.mjs';
import { openDawn } from '../lib/dawn.mjs';

/**
 * @typedef {object} Shared
 * @property {'webgpu' | 'wasm'} backend
 * @property {import('./engine.mjs').Adapter} adapter
 *
 * @typedef {object} Measured
 * @property {import('../../src/engine/bench/cases').SideName} side
 * @property {import('../../src/engine/bench/cases').CaseName} caseName
 * @property {import('../../src/engine/bench/measure').Repeats} repeats
 *
 * @typedef {object} Trained
 * @property {import('../../src/engine/bench/engine-isolate').LearnerPath} path
 * @property {number} steps
 * @property {number} seed
 *
 * @typedef {Shared & (Measured | Trained)} Request
 */

const entries = /** @type {const} */ ({
  plain: ['bench-plain', 'src/engine/bench/plain-isolate.ts'],
  engine: ['bench-engine', 'src/engine/bench/engine-isolate.ts'],
  'jax-js': ['bench-jax', 'scripts/bench/jax-isolate.ts'],
});

/** Chromium's Vulkan driver on the CPU. */
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** The folder of tfjs' .wasm files. */
const wasmFolder = `${dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm')))}/`;
// tfjs' wasm loader expects to be a CommonJS module, which it is not in a bundle.
Object.assign(globalThis, { require: createRequire(import.meta.url), __dirname: wasmFolder });

/** @param {Request} request */
async function answer(request) {
  const { backend, adapter } = request;
  if (adapter === 'swiftshader') process.env.VK_DRIVER_FILES ??= swiftShader;
  const dawn = backend === 'webgpu' ? await openDawn({ software: adapter !== 'gpu' }) : undefined;
  if (backend === 'webgpu' && dawn === undefined) throw new Error('There is no WebGPU adapter in this Node.');
  // tfjs and jax-js look for WebGPU there; jax-js also asks which browser this is.
  const navigator = { gpu: dawn?.gpu, userAgent: `Node.js ${process.version}`, hardwareConcurrency: 1 };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const { countGpu } = /** @type {typeof import('../../src/engine/bench/counters')} */ (
    await importBundled('bench-counters', 'src/engine/bench/counters.ts')
  );
  /** @type {import('../../src/engine/bench/measure').BenchHost} */
  const host = {
    clock: cpuMs,
    timeKind: 'cpu',
    wallClock: () => performance.now(),
    counter: dawn === undefined ? null : countGpu(globalThis),
    breathe: () => new Promise((resolve) => setImmediate(() => resolve(undefined))),
  };
  const shared = { backend, tensors: { gpu: dawn?.gpu, wasmFolder }, host };
  if ('path' in request) {
    const engine = /** @type {typeof import('../../src/engine/bench/engine-isolate')} */ (
      await importBundled(...entries.engine)
    );
    return engine.trajectoryHere({ ...request, ...shared });
  }
  const [name, entry] = entries[request.side];
  // The other sides are called as jax-js' is; they ignore its argument.
  const isolated = /** @type {typeof import('./jax-isolate')} */ (await importBundled(name, entry));
  return isolated.measureHere({ ...request, ...shared }, await import('@jax-js/jax'));
}

/** Milliseconds of processor time of all threads of this process. */
function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

process.stdout.write(
  `${JSON.stringify(await answer(JSON.parse(process.argv[2] ?? '{}')))}\n`,
  () => process.exit(0), // Dawn's threads would keep the process alive.
);
