/**
 * The trainer's side of the protocol: every command in, exactly one answer out. It holds at most one
 * model and one run; what replaces them is complete before the old is let go.
 */
import { CheckpointStore } from '../../src/engine/checkpoint/store';
import type { Learner } from '../../src/engine/crpo/learner';
import { loadLearner } from '../../src/engine/crpo/open-learner';
import { createReference } from '../../src/engine/crpo/reference';
import { defaultConfig, paperConfig, SETTINGS, validateConfig } from '../../src/engine/crpo/settings';
import { initialState } from '../../src/engine/crpo/state';
import { type FusedDevice, memoryOfRun, openFusedEngine, tuneFor, unsupported } from '../../src/engine/fused';
import type { PolicyConfig } from '../../src/engine/policy';
import { OBJECTIVES, REWARD_PRESETS } from '../../src/engine/rewards';
import { chooseBackend, onDeviceLost } from '../../src/engine/tensor';
import {
  type BackendReport,
  type Command,
  type CommandResults,
  type EvaluationRequest,
  type EvaluationSummary,
  type MemoryPlan,
  type ModelSummary,
  type Numbered,
  PROTOCOL_VERSION,
  type ReadyReport,
  type RunConfig,
  type RunSummary,
  StudioError,
  toErrorRecord,
} from '../../src/protocol';
import { blobSource, folderOf } from '../blob-source';
import { openCases } from './cases';
import { exportCheckpoint, importCheckpoint, resumeRun, saveRun } from './checkpoints';
import type { Engine } from './engine';
import type { Holdings } from './evaluated-policy';
import { Evaluations } from './evaluations';
import type { TrainerHost } from './host';
import { requestTrainerLock, type TrainerLock } from './lock';
import { assertFits, type LoadedModel, loraOf, noModel, openModel, trainingChoice } from './model';
import { Run, type RunStart } from './run';

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>;

/** Commands that change nothing: a tab without the lock may send them. */
const READ_ONLY: ReadonlySet<Command['type']> = new Set([
  'hello',
  'list-checkpoints',
  'export-checkpoint',
  'pause-evaluation',
  'list-evaluations',
  'evaluation-cases',
  'compare-evaluations',
  'export-evaluation',
  'page-hidden',
]);

/** Commands that put another model or run in place: each begins when the one before has ended. */
const REPLACES: ReadonlySet<Command['type']> = new Set(['load-model', 'start', 'resume-checkpoint']);

/** Commands that compute with what is in place then. */
const USES: ReadonlySet<Command['type']> = new Set(['start-evaluation', 'resume-evaluation']);

/** Of Qwen2.5 and Qwen3: what imported completions may end with where no model is loaded. */
const COMMON_EOS = '<|im_end|>';

export class TrainerService {
  readonly #host: TrainerHost;
  #backend: BackendReport | null = null;
  #lock: TrainerLock | null = null;
  #store: CheckpointStore | null = null;
  /** Our own kernels, where the backend runs them. */
  #device: FusedDevice | null = null;
  #model: LoadedModel | null = null;
  /** The policy as loaded, until a run begins; then the run's is the current one. null: it is in its files only. */
  #base: Learner | null = null;
  #run: Run | null = null;
  readonly #evaluations: Evaluations;
  /** Fulfilled when the model and the run that were last asked for are in place. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(host: TrainerHost) {
    this.#host = host;
    this.#evaluations = new Evaluations(host);
  }

  /** Never rejects: what goes wrong is the answer. */
  async receive(command: Numbered<Command>): Promise<void> {
    const { requestId } = command;
    try {
      this.#assertAllowed(command.type);
      this.#host.post({ type: 'done', requestId, result: await this.#inTurn(command) });
    } catch (thrown) {
      this.#host.post({ type: 'failed', requestId, error: toErrorRecord(thrown) });
    }
  }

  #inTurn(command: Command): Promise<CommandResults[Command['type']]> {
    const replaces = REPLACES.has(command.type);
    if (!replaces && !USES.has(command.type)) return this.#handle(command);
    const answer = this.#turn.then(() => this.#handle(command));
    if (replaces) this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #handle(command: Command): Promise<CommandResults[Command['type']]> {
    switch (command.type) {
      case 'hello':
        return this.#hello(command);
      case 'load-model':
        return this.#loadModel(command);
      case 'plan-memory':
        return this.#planMemory(command);
      case 'start':
        return this.#start(command);
      case 'pause':
        return this.#activeRun().pause();
      case 'continue':
        return this.#activeRun().continue();
      case 'single-step':
        return this.#activeRun().singleStep();
      case 'stop':
        return this.#activeRun().stop();
      case 'change-settings':
        return this.#activeRun().changeSettings(command.changes);
      case 'page-hidden':
        if (this.#run?.active) await this.#run.saveIfChanged('hide');
        return null;
      case 'save-checkpoint':
        return this.#currentRun().save('manual');
      case 'list-checkpoints':
        return this.#checkpoints().list();
      case 'resume-checkpoint':
        return this.#resume(command);
      case 'delete-checkpoint':
        await this.#checkpoints().delete(command.id);
        return this.#tellCheckpoints();
      case 'restore-checkpoint':
        await this.#checkpoints().restore(command.id);
        return this.#tellCheckpoints();
      case 'empty-trash':
        await this.#checkpoints().emptyTrash();
        return this.#tellCheckpoints();
      case 'export-checkpoint':
        return exportCheckpoint(this.#checkpoints(), command.id, this.#device);
      case 'import-checkpoint': {
        const source = blobSource(command.name, command.file, 'model');
        const summary = await importCheckpoint(this.#checkpoints(), source, this.#host);
        await this.#tellCheckpoints();
        return summary;
      }
      case 'start-evaluation':
        return this.#startEvaluation(command.request);
      case 'resume-evaluation':
        return this.#resumeEvaluation(command.id);
      case 'pause-evaluation':
        return this.#evaluations.pause();
      case 'list-evaluations':
        return this.#evaluations.list();
      case 'delete-evaluation':
        return this.#evaluations.delete(command.id);
      case 'evaluation-cases':
        return this.#evaluations.cases(command.result, command.from, command.to);
      case 'compare-evaluations':
        return this.#evaluations.compare(command.first, command.second);
      case 'export-evaluation':
        return this.#evaluations.export(command.id, command.format, command.dataset);
      case 'import-evaluation':
        return this.#evaluations.import(command, this.#model?.tokenizer.eosToken ?? COMMON_EOS);
      default:
        command satisfies never;
        throw new StudioError({
          boundary: 'protocol',
          code: 'unknown-command',
          message: `internal: the trainer does not know the command ${JSON.stringify(command)}.`,
        });
    }
  }

  async #hello({ protocolVersion, backend, threads }: CommandOf<'hello'>): Promise<ReadyReport> {
    if (protocolVersion !== PROTOCOL_VERSION) {
      throw new StudioError({
        boundary: 'protocol',
        code: 'version-mismatch',
        message: `The page speaks protocol version ${protocolVersion}, its worker version ${PROTOCOL_VERSION}.`,
        action: 'Reload the page: part of it came from an older build.',
      });
    }
    const host = this.#host;
    this.#lock ??= await requestTrainerLock(host.locks, () => host.post({ type: 'lock', holdsLock: true }));
    this.#backend ??= await this.#chooseBackend(backend, threads);
    this.#store ??= await CheckpointStore.open({
      database: host.checkpointDatabase,
      sentinel: host.checkpointSentinel,
    });
    await this.#tellCheckpoints();
    return {
      protocolVersion: PROTOCOL_VERSION,
      build: host.build,
      backend: this.#backend,
      settings: SETTINGS,
      objectives: OBJECTIVES.map(({ descriptor }) => descriptor),
      rewardPresets: REWARD_PRESETS,
      defaults: defaultConfig(),
      paper: paperConfig(),
      holdsLock: this.#lock.held(),
    };
  }

  async #chooseBackend(
    choice: BackendReport['requested'],
    threads: number | undefined,
  ): Promise<BackendReport> {
    const report = await chooseBackend(choice, this.#host.tensor, threads);
    onDeviceLost((error) => {
      if (this.#run?.active) this.#run.fail(error);
      else this.#host.post({ type: 'fault', runId: null, error: error.record });
    });
    if (report.name !== 'webgpu') return { ...report, engine: 'plain' };
    const { device, problem } = await openFusedEngine(report);
    this.#device = device;
    if (device !== null) return { ...report, engine: 'fused', tuning: device.tuning };
    const notice = `Training runs in plain TensorFlow.js ops, more slowly: ${problem}`;
    return { ...report, engine: 'plain', notice };
  }

  async #loadModel({ name, files }: CommandOf<'load-model'>): Promise<ModelSummary> {
    this.#assertIdle('load a model');
    const { model, policy } = await openModel(name, folderOf(files, 'model'), this.#device);
    await this.#releaseRun();
    this.#base?.dispose();
    this.#model = model;
    this.#base = policy;
    await this.#tune(policy.config);
    this.#host.post({ type: 'model', model: model.summary });
    return model.summary;
  }

  async #planMemory({ config: untrusted }: CommandOf<'plan-memory'>): Promise<MemoryPlan | null> {
    const config = validateConfig(untrusted);
    const { config: policy } = this.#loadedModel();
    if (this.#device === null) return null;
    const { limits } = this.#device.gpu;
    return unsupported(policy, limits) === null ? memoryOfRun(policy, loraOf(config), config, limits) : null;
  }

  /** On a GPU the variants of the kernels compete on the model's shapes; on a CPU rasteriser the best is known. */
  async #tune(policy: PolicyConfig): Promise<void> {
    const [device, backend] = [this.#device, this.#backend!];
    if (device === null || backend.software) return;
    this.#backend = { ...backend, tuning: await tuneFor(device, policy, this.#host.clock) };
  }

  async #start({ config: untrusted, datasetId }: CommandOf<'start'>): Promise<RunSummary> {
    this.#assertIdle('start a run');
    const config = validateConfig(untrusted);
    const model = this.#loadedModel();
    assertFits(model.summary, config);
    const { cases, summary } = await openCases(this.#host.datasetDatabase, datasetId, 'train', config.data);
    const learner = await this.#learnerOf(model, config);
    return this.#begin({
      runId: this.#host.newId(),
      startedAt: this.#host.now(),
      config,
      datasetId,
      datasetName: summary.name,
      model,
      learner,
      reference: createReference(learner, config),
      state: initialState(),
      cases,
      history: [],
    });
  }

  /**
   * Where all weights train, the loaded policy itself. With an adapter it is loaded anew, when the memory of the
   * first is free: should that fail, the model is in its files still.
   */
  async #learnerOf({ folder, tokenizer }: LoadedModel, config: RunConfig): Promise<Learner> {
    const training = trainingChoice(config);
    if (training.mode === 'full' && this.#base !== null) return this.#base;
    this.#base?.dispose();
    this.#base = null;
    return loadLearner(folder, { training, padToken: tokenizer.padTokenId, device: this.#device });
  }

  async #resume({ id, steps }: CommandOf<'resume-checkpoint'>): Promise<RunSummary> {
    this.#assertIdle('resume a checkpoint');
    const [device, backend] = [this.#device, this.#backend!];
    const start = await resumeRun(this.#checkpoints(), id, steps, this.#host.datasetDatabase, this.#engine());
    if (device !== null) this.#backend = { ...backend, tuning: device.tuning };
    const summary = await this.#begin(start);
    this.#host.post({ type: 'history', runId: start.runId, records: start.history });
    return summary;
  }

  async #begin(start: RunStart): Promise<RunSummary> {
    await this.#releaseRun();
    if (this.#base !== start.learner) this.#base?.dispose();
    this.#base = null;
    if (this.#model !== start.model) this.#host.post({ type: 'model', model: start.model.summary });
    this.#model = start.model;
    this.#run = new Run(start, this.#host, async (run, reason) => {
      const summary = await saveRun(this.#checkpoints(), run, reason, this.#backend!, this.#host);
      await this.#tellCheckpoints();
      return summary;
    });
    return this.#run.begin();
  }

  #startEvaluation(request: EvaluationRequest): Promise<EvaluationSummary> {
    this.#assertIdle('evaluate');
    return this.#evaluations.start(request, this.#holdings());
  }

  #resumeEvaluation(id: string): Promise<EvaluationSummary> {
    this.#assertIdle('resume an evaluation');
    return this.#evaluations.resume(id, this.#holdings());
  }

  #holdings(): Holdings {
    return {
      ...{ model: this.#model, base: this.#base, run: this.#run },
      ...{ checkpoints: this.#checkpoints(), ...this.#engine() },
    };
  }

  #engine(): Engine {
    return { device: this.#device, adapter: this.#backend!.adapter };
  }

  /** Not before its last checkpoint is stored: on a GPU the weights take a while to be read back. */
  async #releaseRun(): Promise<void> {
    await this.#run?.stop();
    this.#run?.dispose();
    this.#run = null;
  }

  async #tellCheckpoints(): Promise<null> {
    const store = this.#checkpoints();
    const storage = await store.report(await this.#host.storage());
    this.#host.post({ type: 'checkpoints', checkpoints: await store.list(), storage });
    return null;
  }

  #assertAllowed(type: Command['type']): void {
    if (type === 'hello') return;
    if (this.#backend === null)
      throw refusal('no-hello', 'The trainer is still starting.', 'Try again in a moment.');
    if (!this.#lock?.held() && !READ_ONLY.has(type)) {
      throw refusal(
        'read-only',
        'Another tab of this studio holds the trainer, so this one can only look.',
        'Use the other tab, or close it: this one then takes over.',
      );
    }
  }

  #assertIdle(what: string): void {
    const busy = this.#run?.active
      ? 'a run is active'
      : this.#evaluations.running
        ? 'an evaluation is running'
        : null;
    if (busy === null) return;
    throw refusal('busy', `Cannot ${what} while ${busy}.`, 'Stop it first, or wait until it ends.');
  }

  #activeRun(): Run {
    if (this.#run?.active) return this.#run;
    throw refusal('no-run', 'There is no active run.', 'Start one, or resume a checkpoint.');
  }

  #currentRun(): Run {
    if (this.#run !== null) return this.#run;
    throw refusal('no-run', 'There is no run to save yet.', 'Start one first.');
  }

  #loadedModel(): LoadedModel {
    if (this.#model !== null) return this.#model;
    throw noModel();
  }

  #checkpoints(): CheckpointStore {
    if (this.#store !== null) return this.#store;
    throw refusal('no-hello', 'The trainer is still starting.', 'Try again in a moment.');
  }
}

function refusal(code: string, message: string, action: string): StudioError {
  return new StudioError({ boundary: 'protocol', code, message, action });
}
