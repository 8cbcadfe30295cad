/** Puts one of TensorFlow.js' backends in charge, and the errors of those that do not come. */
import { StudioError } from '../../protocol/errors';
import { tf } from './tf';

/** tfjs returns false, or keeps silent, when a backend does not start, and computes on another one. */
export async function activate(name: 'webgpu' | 'wasm'): Promise<void> {
  let started: boolean;
  try {
    started = await tf.setBackend(name);
  } catch (cause) {
    throw notStarted(name, cause);
  }
  if (!started || tf.getBackend() !== name) throw notStarted(name);
}

function notStarted(name: string, cause?: unknown): StudioError {
  const why = cause === undefined ? '' : `: ${message(cause)}`;
  return deviceError(
    'backend-not-started',
    `Expected the ${name} backend, but it did not start${why}.`,
    cause,
  );
}

export function deviceError(code: string, sentence: string, cause?: unknown): StudioError {
  const action =
    code === 'device-lost'
      ? 'Resume from the last checkpoint; if it happens again, close other GPU programs or choose the wasm backend.'
      : 'Choose the automatic or the wasm backend, or update the browser and the graphics driver.';
  return new StudioError({ boundary: 'device', code, message: sentence, action }, { cause });
}

export function message(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
