/**
 * One run: steps until the last, held at the gate on request, with checkpoints on the way. It owns
 * the learner, the reference policy and the training state from its start until `dispose`.
 */
import type { CaseSource } from '../../src/engine/crpo/environment';
import type { FrozenPolicy, Learner } from '../../src/engine/crpo/learner';
import { applyChanges } from '../../src/engine/crpo/settings';
import type { TrainingState } from '../../src/engine/crpo/state';
import { crpoStep } from '../../src/engine/crpo/step';
import {
  type CheckpointSummary,
  type Phase,
  type RunConfig,
  type RunStatus,
  type RunSummary,
  type SettingValue,
  type StepRecord,
  type StudioError,
  toErrorRecord,
} from '../../src/protocol';
import { Gate, RunStopped } from './gate';
import type { TrainerHost } from './host';
import type { LoadedModel } from './model';

/** What a run begins with, fresh or out of a checkpoint. */
export interface RunStart {
  readonly runId: string;
  readonly startedAt: string;
  readonly config: RunConfig;
  readonly datasetId: string;
  readonly datasetName: string;
  readonly model: LoadedModel;
  readonly learner: Learner;
  readonly reference: FrozenPolicy | null;
  readonly state: TrainingState;
  readonly cases: CaseSource;
  readonly history: readonly StepRecord[];
  readonly resumedFrom?: string;
}

/** Stores the run as it stands. */
export type SaveRun = (run: Run, reason: CheckpointSummary['reason']) => Promise<CheckpointSummary>;

/** Of a run's past, the rollouts of this many steps stay in memory and in its checkpoints. */
const STEPS_WITH_ROLLOUTS = 5;

/** Phase events that come faster than this are left out, except the first and the last of a phase. */
const PHASE_INTERVAL_MS = 100;

export class Run {
  readonly start: RunStart;
  readonly history: StepRecord[];
  readonly #host: TrainerHost;
  readonly #save: SaveRun;
  readonly #gate: Gate;
  #config: RunConfig;
  #status: RunStatus = 'running';
  #singleStep = false;
  #savedStep: number;
  #lastPhase: { readonly phase: Phase; readonly at: number } | null = null;
  #ended: Promise<void> = Promise.resolve();

  constructor(start: RunStart, host: TrainerHost, save: SaveRun) {
    this.start = start;
    this.history = [...start.history];
    this.#config = start.config;
    this.#host = host;
    this.#save = save;
    this.#savedStep = start.resumedFrom === undefined ? -1 : this.step;
    this.#gate = new Gate((held) => this.#onHeld(held));
  }

  get config(): RunConfig {
    return this.#config;
  }

  /** Optimizer updates done. */
  get step(): number {
    return this.start.state.step;
  }

  /** Its steps go on, or will when it is continued. */
  get active(): boolean {
    return ['running', 'pausing', 'paused'].includes(this.#status);
  }

  summary(error?: unknown): RunSummary {
    const { runId, startedAt, datasetId, datasetName, model, resumedFrom } = this.start;
    return {
      runId,
      startedAt,
      datasetId,
      datasetName,
      modelName: model.summary.name,
      status: this.#status,
      config: this.#config,
      step: this.step,
      ...(resumedFrom !== undefined && { resumedFrom }),
      ...(error !== undefined && { error: toErrorRecord(error) }),
    };
  }

  /** Starts the loop. */
  begin(): RunSummary {
    const summary = this.#setStatus('running');
    this.#ended = this.#loop();
    return summary;
  }

  pause(): RunSummary {
    this.#gate.pause();
    return this.#status === 'running' ? this.#setStatus('pausing') : this.summary();
  }

  continue(): RunSummary {
    this.#singleStep = false;
    this.#gate.release();
    return this.active ? this.#setStatus('running') : this.summary();
  }

  /** Ends the step it is in, or does one more, and pauses. */
  singleStep(): RunSummary {
    this.#singleStep = true;
    this.#gate.release();
    return this.active ? this.#setStatus('running') : this.summary();
  }

  /** Resolves when the loop has ended and what it saved is stored. */
  async stop(): Promise<RunSummary> {
    this.#gate.stop();
    await this.#ended;
    return this.summary();
  }

  /** Takes effect at the next step; the engine reads the configuration anew with each. */
  changeSettings(changes: Readonly<Record<string, SettingValue>>): RunConfig {
    this.#config = applyChanges(this.#config, changes);
    this.#host.post({ type: 'run', run: this.summary() });
    return this.#config;
  }

  /** A checkpoint at the next place where the state is whole; at once when the run has ended. */
  async save(reason: CheckpointSummary['reason']): Promise<CheckpointSummary> {
    const saved = this.#gate.errand(() => this.#store(reason));
    if (!this.active) await this.#gate.runErrands();
    return saved;
  }

  /** Likewise, unless there is no update that is not stored yet. */
  async saveIfChanged(reason: CheckpointSummary['reason']): Promise<void> {
    await this.#gate.errand(() => this.#autosave(reason));
  }

  /** Ends the run for a fault outside of it, such as a lost device; nothing is saved any more. */
  fail(error: StudioError): void {
    this.#end(error);
    this.#gate.stop();
  }

  dispose(): void {
    this.start.reference?.dispose();
    this.start.learner.dispose();
  }

  async #loop(): Promise<void> {
    try {
      while (this.step < this.#config.steps) {
        await this.#gate.pass();
        await this.#oneStep();
      }
      this.#setStatus('finished');
      await this.#autosave('finish');
    } catch (error) {
      if (!(error instanceof RunStopped)) this.#end(error);
      else if (this.active) {
        this.#setStatus('stopped');
        await this.#autosave('pause');
      }
    }
    await this.#gate.runErrands();
  }

  /** The first fault is the one that counts; what follows from it is not told. */
  #end(error: unknown): void {
    if (!this.active) return;
    this.#status = 'failed';
    const run = this.summary(error);
    this.#host.post({ type: 'run', run });
    this.#host.post({ type: 'fault', runId: run.runId, error: toErrorRecord(error) });
  }

  async #oneStep(): Promise<void> {
    const { runId, state, learner, reference, model, cases } = this.start;
    const environment = {
      config: this.#config,
      learner,
      reference,
      tokenizer: model.tokenizer,
      cases,
      score: this.#host.score,
      clock: this.#host.clock,
      breathe: () => this.#gate.pass(),
      signal: this.#gate.signal,
      onPhase: (phase: Phase, done: number, total: number) => this.#postPhase(phase, done, total),
    };
    const record = await crpoStep(environment, state);
    this.history.push(record);
    const old = this.history.length - 1 - STEPS_WITH_ROLLOUTS;
    if (old >= 0) this.history[old] = { ...this.history[old]!, rollouts: [] };
    this.#host.post({ type: 'step', runId, record });

    const { everySteps } = this.#config.checkpoint;
    const due = everySteps > 0 && this.step % everySteps === 0 && this.step < this.#config.steps;
    if (due) void this.#gate.errand(() => this.#autosave('interval')); // a pause is answered while it is at work
    if (this.#singleStep) {
      this.#singleStep = false;
      this.pause();
    }
  }

  #onHeld(held: boolean): void {
    if (!held) return;
    this.#setStatus('paused');
    void this.#gate.errand(() => this.#autosave('pause'));
  }

  /** A checkpoint that nobody waits for: a failure is told, and the run goes on. */
  async #autosave(reason: CheckpointSummary['reason']): Promise<void> {
    if (this.step === this.#savedStep || this.step === 0) return;
    try {
      await this.#store(reason);
    } catch (error) {
      this.#host.post({ type: 'fault', runId: this.start.runId, error: toErrorRecord(error) });
    }
  }

  async #store(reason: CheckpointSummary['reason']): Promise<CheckpointSummary> {
    this.#postPhase('save', 0, 1);
    const summary = await this.#save(this, reason);
    this.#savedStep = this.step;
    this.#postPhase('save', 1, 1);
    return summary;
  }

  #setStatus(status: RunStatus): RunSummary {
    this.#status = status;
    const run = this.summary();
    this.#host.post({ type: 'run', run });
    return run;
  }

  #postPhase(phase: Phase, done: number, total: number): void {
    const at = this.#host.clock();
    const soon = phase === this.#lastPhase?.phase && at - this.#lastPhase.at < PHASE_INTERVAL_MS;
    if (soon && done < total) return;
    this.#lastPhase = { phase, at };
    const { runId } = this.start;
    this.#host.post({ type: 'phase', runId, step: this.step + 1, phase, done, total });
  }
}
