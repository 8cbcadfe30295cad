/**
 * WebGPU in Node: Dawn (the npm package `webgpu`) on whatever Vulkan driver there is. On a machine
 * without a GPU that is Mesa's lavapipe where it is installed, else the SwiftShader library that comes
 * with Chromium. The driver is chosen by the environment, so this must run before Dawn is used.
 */
import { existsSync } from 'node:fs';

/** Software drivers, fastest first. */
const softwareDrivers = [
  '/usr/share/vulkan/icd.d/lvp_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

/**
 * `navigator.gpu` for Node, and WebGPU's globals; undefined where Dawn or every driver is missing.
 * A driver that the person chose (`VK_DRIVER_FILES`) or a real GPU's is left to the Vulkan loader.
 * @param {{ software?: boolean }} [options] `software`: prefer a software driver over a GPU's
 * @returns {Promise<GpuInNode | undefined>}
 *
 * @typedef {object} GpuInNode
 * @property {any} gpu as `navigator.gpu`
 * @property {string} name of the adapter
 */
export async function openDawn({ software = true } = {}) {
  const driver = softwareDrivers.find((path) => existsSync(path));
  if (software && driver !== undefined) process.env.VK_DRIVER_FILES ??= driver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp'; // lavapipe complains without one
  let dawn;
  try {
    dawn = await import('webgpu');
  } catch {
    return undefined; // no binary for this platform
  }
  Object.assign(globalThis, dawn.globals);
  waitIdly();
  const gpu = dawn.create([]);
  let adapter = null;
  try {
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch {
    return undefined; // no Vulkan loader
  }
  if (adapter === null) return undefined;
  const { vendor, architecture, description } = adapter.info;
  return { gpu, name: [vendor, architecture, description].filter((word) => word).join(' ') };
}

/**
 * While an answer of the device is due, Dawn's binding asks for it in every turn of the event loop, by the
 * global `setImmediate`: a thread that waits would look as busy as one that computes, and on a software
 * driver it would take processor time from the device itself. Once a millisecond is often enough.
 */
function waitIdly() {
  globalThis.setImmediate = /** @type {typeof setImmediate} */ (
    /** @type {unknown} */ (
      /** @param {(...args: unknown[]) => void} callback @param {unknown[]} args */
      (callback, ...args) => setTimeout(callback, 1, ...args)
    )
  );
}
