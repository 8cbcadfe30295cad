/** Hears the page's events: prints them as progress, keeps what `run.json` holds, knows when the run ended. */
import { say } from '../lib/process.mjs';
import { evaluationStatus } from './evaluation-report.mjs';
import { etaSeconds, stepLine } from './report.mjs';

/**
 * @typedef {import('../../src/protocol').RunSummary} RunSummary
 * @typedef {import('../../src/protocol').StepRecord} StepRecord
 * @typedef {import('./page.mjs').News} News
 * @typedef {import('./report.mjs').Metrics} Metrics
 */

/** A run that stands still by itself does not go on by itself either: nobody is there to press Continue. */
const endedStatuses = ['paused', 'finished', 'stopped', 'failed'];

export class RunLog {
  /** @type {{ step: number, metrics: Metrics }[]} */
  steps = [];
  /** @type {RunSummary | null} */
  run = null;
  #terminal;
  /** @type {readonly string[]} */
  #objectives = [];
  /** @type {((record: StepRecord) => void) | null} */
  #onStep = null;
  /** @type {((run: RunSummary) => void) | null} */
  #onEnd = null;

  /** @param {import('./terminal.mjs').Terminal} terminal */
  constructor(terminal) {
    this.#terminal = terminal;
  }

  get isTraining() {
    return this.#onEnd !== null;
  }

  /**
   * From now on steps are printed and handed on.
   * @param {object} settings
   * @param {readonly string[]} settings.objectives the ones to print
   * @param {(record: StepRecord) => void} settings.onStep
   * @returns {Promise<RunSummary>} when the run has ended, however
   */
  follow({ objectives, onStep }) {
    this.#objectives = objectives;
    this.#onStep = onStep;
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** @param {News} event */
  hear(event) {
    switch (event.type) {
      case 'run':
        this.run = event.run;
        if (endedStatuses.includes(event.run.status)) this.#end(event.run);
        break;
      case 'history':
        // The past of a resumed run; its rollouts were written down when they were sampled.
        this.steps = event.records.map(({ step, metrics }) => ({ step, metrics }));
        break;
      case 'step':
        this.steps.push({ step: event.record.step, metrics: event.record.metrics });
        this.#printStep(event.record);
        this.#onStep?.(event.record);
        break;
      case 'phase':
        this.#terminal.status(
          `step ${event.step}/${this.#steps}  ${event.phase} ${event.done}/${event.total}`,
        );
        break;
      case 'evaluation-progress':
        this.#terminal.status(evaluationStatus(event.progress));
        break;
      case 'progress':
        this.#terminal.status(`reading ${event.name}: ${event.rows} rows`);
        break;
      case 'fault':
        say(event.error.message);
        if (event.error.action) say(event.error.action);
        // A worker that died says nothing more about its run.
        if (event.runId === null && this.run)
          this.#end({ ...this.run, status: 'failed', error: event.error });
        break;
    }
  }

  /** In total. */
  get #steps() {
    return this.run?.config.steps ?? 0;
  }

  /** @param {StepRecord} record */
  #printStep({ step, metrics }) {
    const past = this.steps.map((each) => each.metrics);
    this.#terminal.line(
      stepLine(metrics, {
        step,
        steps: this.#steps,
        objectives: this.#objectives,
        etaSeconds: etaSeconds(past, this.#steps - step),
      }),
    );
  }

  /** @param {RunSummary} run */
  #end(run) {
    this.#onEnd?.(run);
    this.#onEnd = null;
  }
}
