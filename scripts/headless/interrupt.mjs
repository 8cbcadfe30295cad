/**
 * Ctrl-C, once: end at the next step and still write the results. Twice: end now. npm hands the
 * terminal's signal on to its child, which has it already, so an echo within a moment counts once.
 */
import { say } from '../lib/process.mjs';

const echoMs = 500;

/** What a shell reports for a program that Ctrl-C ended. */
export const interruptedExitCode = 130;

/**
 * @param {object} hooks
 * @param {() => void} hooks.stop
 * @param {() => void} hooks.abort
 * @param {() => number} [hooks.now] milliseconds
 */
export function countInterrupts({ stop, abort, now = Date.now }) {
  /** @type {number | null} */
  let last = null;
  return () => {
    const time = now();
    const isEcho = last !== null && time - last < echoMs;
    const isFirst = last === null;
    if (isEcho) return;
    last = time;
    if (isFirst) stop();
    else abort();
  };
}

/**
 * Listens for as long as the process lives.
 * @param {() => void} onStop
 * @returns {AbortSignal} aborted by the first Ctrl-C
 */
export function listenForInterrupts(onStop) {
  const controller = new AbortController();
  const interrupt = countInterrupts({
    stop() {
      say('Stopping at the next step; the results so far will be written. Ctrl-C again ends now.');
      controller.abort();
      onStop();
    },
    abort() {
      say('Ended without a checkpoint.');
      process.exit(interruptedExitCode);
    },
  });
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
