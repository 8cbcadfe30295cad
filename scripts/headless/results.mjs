/** What a headless run leaves behind, on disk and in the last lines of the terminal. */
import { cpus } from 'node:os';
import { relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Evaluations } from './evaluations.mjs';
import { interruptedExitCode } from './interrupt.mjs';
import { RunFolder, runFolderPath } from './outputs.mjs';
import { PageError } from './page.mjs';
import { trendTable } from './report.mjs';

/**
 * @typedef {import('../../src/protocol').CheckpointSummary} CheckpointSummary
 * @typedef {import('../../src/protocol').ErrorRecord} ErrorRecord
 * @typedef {import('../../src/protocol').ReadyReport} ReadyReport
 * @typedef {import('../../src/protocol').RunSummary} RunSummary
 * @typedef {import('../../src/protocol').StepRecord} StepRecord
 * @typedef {import('./inputs.mjs').Inputs} Inputs
 * @typedef {import('./run-log.mjs').RunLog} RunLog
 */

/** `run.json` is brought up to date at most this often while the run goes on. */
const saveEveryMs = 10_000;
/** Storing the last checkpoint of a large model may take this long. */
const storingMs = 120_000;

export class Results {
  #ready;
  #inputs;
  #log;
  #browser;
  #folder;
  #startedAt = new Date();
  #savedAt = 0;
  /** @type {{ status: string } & Record<string, unknown>} */
  #summary = { status: 'running' };

  /**
   * @param {object} context
   * @param {import('../lib/options.mjs').HeadlessOptions} context.options
   * @param {ReadyReport} context.ready
   * @param {Inputs} context.inputs
   * @param {RunLog} context.log
   * @param {string} context.browser
   */
  constructor({ options, ready, inputs, log, browser }) {
    this.#ready = ready;
    this.#inputs = inputs;
    this.#log = log;
    this.#browser = browser;
    const name = inputs.checkpoint?.runName ?? inputs.config.name;
    this.#folder = new RunFolder(runFolderPath(options.out, name));
    this.evaluations = new Evaluations(inputs.evaluations, options.samples, this.#folder);
  }

  /** @param {StepRecord} record */
  take({ rollouts }) {
    this.#folder.appendRollouts(rollouts);
    if (Date.now() - this.#savedAt > saveEveryMs) this.#save();
  }

  /**
   * The checkpoint of the run as it ended, and its curves.
   * @param {import('./page.mjs').StudioPage} page
   * @param {RunSummary} run
   */
  async collect(page, run) {
    const checkpoint = await lastCheckpoint(page, run);
    if (checkpoint) {
      const { sha256 } = await page.exportFile(
        { type: 'export-checkpoint', id: checkpoint.id },
        this.#folder.checkpoint,
      );
      this.#summary.checkpoint = { file: 'checkpoint.zip', step: checkpoint.step, sha256 };
    }
    if (this.#log.steps.length > 0) await page.screenshot('curves', this.#folder.curves);
  }

  /**
   * @param {RunSummary['status']} status
   * @param {ErrorRecord} [error] why the run did not finish
   * @returns {number} the exit code
   */
  end(status, error) {
    Object.assign(this.#summary, { status }, error ? { error } : {});
    this.#save();
    if (status === 'finished') return 0;
    return status === 'stopped' ? interruptedExitCode : 1;
  }

  /** @param {unknown} thrown */
  fail(thrown) {
    const error =
      thrown instanceof PageError
        ? thrown.record
        : { message: thrown instanceof Error ? thrown.message : String(thrown) };
    Object.assign(this.#summary, { status: 'failed', error });
    this.#save();
  }

  /** The last lines: before against after, and where the files are. */
  report() {
    const { steps } = this.#log;
    const trend = trendTable(steps.map(({ metrics }) => metrics));
    const folder = relative(process.cwd(), this.#folder.folder) || '.';
    return [
      ...this.evaluations.report(),
      ...(trend ? [trend] : []),
      `Status: ${this.#summary.status}. Results: ${folder}`,
    ];
  }

  #save() {
    this.#savedAt = Date.now();
    const { backend, build } = this.#ready;
    this.#folder.writeRun({
      config: this.#log.run?.config ?? this.#inputs.config,
      environment: {
        node: process.version,
        browser: this.#browser,
        backend: backend.name,
        adapter: backend.adapter,
        softwareAdapter: backend.software,
        engine: backend.engine ?? 'plain',
        processor: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} threads`,
        build,
      },
      model: this.#inputs.model,
      dataset: this.#inputs.dataset,
      steps: this.#log.steps,
      evaluations: this.evaluations.records(),
      summary: {
        ...this.#summary,
        steps: this.#log.steps.length,
        startedAt: this.#startedAt.toISOString(),
        elapsedSeconds: (Date.now() - this.#startedAt.getTime()) / 1000,
        ...(this.#inputs.checkpoint ? { resumedFromStep: this.#inputs.checkpoint.step } : {}),
      },
    });
  }
}

/**
 * A run is told to have ended just before it is stored; a failed one stays as it was last stored.
 * @param {import('./page.mjs').StudioPage} page
 * @param {RunSummary} run
 * @returns {Promise<CheckpointSummary | null>} null: the run has none
 */
async function lastCheckpoint(page, run) {
  for (const deadline = Date.now() + storingMs; ; ) {
    const stored = (await page.send({ type: 'list-checkpoints' })).filter(
      ({ runId, deleted }) => runId === run.runId && !deleted,
    );
    const current = stored.find(({ step }) => step === run.step);
    if (current || run.step === 0) return current ?? null;
    if (run.status === 'failed' || Date.now() > deadline) {
      return stored.reduce(
        (newest, each) => (newest && newest.step > each.step ? newest : each),
        stored[0] ?? null,
      );
    }
    await setTimeout(200);
  }
}
