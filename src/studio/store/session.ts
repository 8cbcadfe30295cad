/**
 * What a person (or `window.crpoStudio`) can do. Each verb sends commands, folds their answers
 * into the store and shows what failed, once. The session holds what is not JSON: the workers,
 * the loaded model's files, a question's waiting answer.
 */
import {
  type BackendChoice,
  type Command,
  type CommandResults,
  type DatasetCommand,
  type DatasetResults,
  type DatasetRow,
  type MemoryPlan,
  type NamedFile,
  PROTOCOL_VERSION,
  type PromptSettings,
  type RunConfig,
  type SettingValue,
} from '../../protocol';
import {
  type DatasetLink,
  type DatasetNews,
  type TrainerLink,
  type TrainerNews,
  WorkerLink,
  type WorkerPort,
} from './client';
import { route } from './drop';
import { Evaluator } from './evaluator';
import { Librarian } from './librarian';
import type { DatasetAnswer, TrainerAnswer } from './reduce';
import { saveFile } from './save';
import { readConfig } from './settings';
import { fetchBeside, STARTER_CASES, STARTER_HELD_OUT, STARTER_MODEL, starterPolicy } from './starter';
import { isActive, type StudioState } from './state';
import type { StudioStore } from './studio';
import { Voice } from './voice';

export interface SessionOptions {
  readonly store: StudioStore;
  readonly openTrainer: () => WorkerPort;
  readonly openDatasets: () => WorkerPort;
  readonly backend: BackendChoice;
  /** On wasm; absent: the trainer finds out. */
  readonly threads?: number | undefined;
  /** Where the chosen dataset is remembered between visits. */
  readonly memory: Pick<Storage, 'getItem' | 'setItem'>;
}

export type NewsListener = (event: TrainerNews | DatasetNews) => void;

const DATASET_KEY = 'crpo-dataset';

export class Session {
  readonly #store: StudioStore;
  readonly #trainer: TrainerLink;
  readonly #datasets: DatasetLink;
  readonly #backend: BackendChoice;
  readonly #threads: number | undefined;
  readonly #memory: SessionOptions['memory'];
  readonly #listeners = new Set<NewsListener>();
  /** Notices, errors and questions. */
  readonly voice: Voice;
  readonly evaluator: Evaluator;
  readonly librarian: Librarian;
  #modelFiles: { readonly name: string; readonly files: readonly NamedFile[] } | null = null;

  constructor({ store, openTrainer, openDatasets, backend, threads, memory }: SessionOptions) {
    this.#store = store;
    this.voice = new Voice(store);
    this.evaluator = new Evaluator({
      store,
      voice: this.voice,
      send: (command) => this.send(command),
      openHeldOut: () => this.#openStarter(STARTER_HELD_OUT),
    });
    this.librarian = new Librarian({
      store,
      voice: this.voice,
      send: (command) => this.sendDataset(command),
      onOpened: ({ id }) => memory.setItem(DATASET_KEY, id),
    });
    this.#backend = backend;
    this.#threads = threads;
    this.#memory = memory;
    this.#trainer = new WorkerLink('trainer', openTrainer, {
      news: (event) => {
        store.dispatch({ type: 'trainer-news', event });
        this.#tell(event);
        if (event.type === 'fault') this.voice.expireToasts();
        if (event.type === 'lock' && event.holdsLock) void this.#loadModelAtHand();
      },
      crash: (error) => {
        store.dispatch({ type: 'trainer-crashed', error });
        this.#tell({ type: 'fault', runId: null, error });
      },
    });
    this.#datasets = new WorkerLink('dataset', openDatasets, {
      news: (event) => {
        store.dispatch({ type: 'dataset-news', event });
        this.#tell(event);
      },
      crash: (error) => this.voice.report(error), // the next command starts it anew
    });
  }

  // ── Commands ──────────────────────────────────────────────────────────────────────────────────

  /** Sends to the trainer and folds the answer; rejects with a `StudioError`, which is not shown. */
  async send<T extends Command['type']>(command: Extract<Command, { type: T }>): Promise<CommandResults[T]> {
    const result = await this.#trainer.send<T>(command);
    this.#store.dispatch({ type: 'trainer-answer', answer: { command, result } as unknown as TrainerAnswer });
    return result;
  }

  /** Sends to the dataset worker and folds the answer; rejects with a `StudioError`, which is not shown. */
  async sendDataset<T extends DatasetCommand['type']>(
    command: Extract<DatasetCommand, { type: T }>,
  ): Promise<DatasetResults[T]> {
    if (!this.#datasets.running) this.#startDatasets();
    const result = await this.#datasets.send<T>(command);
    this.#store.dispatch({ type: 'dataset-answer', answer: { command, result } as unknown as DatasetAnswer });
    return result;
  }

  state(): StudioState {
    return this.#store.snapshot();
  }

  /** Hears all news at training speed, before it is painted. Returns how to stop. */
  onEvent(listener: NewsListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // ── Starting ──────────────────────────────────────────────────────────────────────────────────

  /** Workers, stored checkpoints and datasets, then the starter. Rejects if the trainer never answers. */
  async boot(): Promise<void> {
    const datasets = this.#bootDatasets();
    try {
      await this.#startTrainer();
    } catch (thrown) {
      this.voice.fail(thrown);
      this.#store.dispatch({ type: 'stage', stage: 'failed' });
      await datasets;
      throw thrown;
    }
    this.#store.dispatch({ type: 'stage', stage: 'loading-starter' });
    await Promise.all([datasets, this.#loadModelAtHand()]);
    this.#store.dispatch({ type: 'stage', stage: 'ready' });
  }

  /** After a crash or a lost device: a new worker with the same model; stored checkpoints can then be resumed. */
  restartTrainer(): Promise<boolean> {
    return this.voice.try(async () => {
      await this.#startTrainer();
      this.#store.dispatch({ type: 'stage', stage: 'ready' });
      await this.#loadModelAtHand();
    });
  }

  async #startTrainer(): Promise<void> {
    this.#store.dispatch({ type: 'trainer-started' });
    this.#trainer.start();
    const threads = this.#threads;
    await this.send({
      type: 'hello',
      protocolVersion: PROTOCOL_VERSION,
      backend: this.#backend,
      ...(threads !== undefined && { threads }),
    });
    await this.voice.try(() => this.send({ type: 'list-checkpoints' }));
  }

  /** Its datasets are in the browser's storage; only the tokenizer has to be given again. */
  #startDatasets(): void {
    this.#datasets.start();
    const model = this.#modelFiles;
    if (model) void this.voice.try(() => this.#sendTokenizer(model.name, model.files));
  }

  async #bootDatasets(): Promise<void> {
    await this.voice.try(async () => {
      await this.sendDataset({ type: 'list' });
      const remembered = this.#memory.getItem(DATASET_KEY);
      if (remembered && this.state().datasets.some(({ id }) => id === remembered))
        this.chooseDataset(remembered);
    });
    await this.voice.try(async () => {
      await this.#openStarter(STARTER_CASES);
    });
  }

  async #openStarter({ name, path }: typeof STARTER_CASES): Promise<string> {
    const { id } = await this.sendDataset({
      type: 'open',
      name,
      file: await fetchBeside(path),
      synthetic: true,
    });
    return id;
  }

  /** The model of before, or the starter; not in a tab that only looks. */
  async #loadModelAtHand(): Promise<void> {
    if (!this.state().holdsLock || this.state().model) return;
    await this.voice.try(async () => {
      const model = this.#modelFiles ?? { name: STARTER_MODEL, files: await starterPolicy() };
      await this.#load(model.name, model.files);
    });
  }

  // ── Files ─────────────────────────────────────────────────────────────────────────────────────

  /** Whatever was dropped, picked or pasted, each to where its content says. */
  async take(files: readonly NamedFile[]): Promise<void> {
    await this.voice.try(async () => {
      for (const destination of await route(files)) {
        switch (destination.kind) {
          case 'model':
            await this.loadModel(destination.name, destination.files);
            break;
          case 'checkpoint':
            await this.importCheckpoint(destination.name, destination.file);
            break;
          case 'dataset':
            await this.openDataset(destination.name, destination.file);
            break;
          case 'config':
            this.#openConfig(destination.name, destination.text);
            break;
          case 'refused':
            this.voice.fail(destination.error);
            break;
          default:
            destination satisfies never;
        }
      }
    });
  }

  async loadModel(name: string, files: readonly NamedFile[]): Promise<void> {
    if (!(await this.#mayReplaceRun(`Loading "${name}"`))) return;
    await this.voice.try(() => this.#load(name, files));
  }

  async #load(name: string, files: readonly NamedFile[]): Promise<void> {
    this.#store.dispatch({ type: 'loading-model', name });
    try {
      await this.send({ type: 'load-model', name, files });
      this.#modelFiles = { name, files };
    } finally {
      this.#store.dispatch({ type: 'loading-model', name: null });
    }
    await this.#sendTokenizer(name, files);
  }

  async #sendTokenizer(name: string, files: readonly NamedFile[]): Promise<void> {
    const tokenizer = files.filter(({ path }) => !path.endsWith('.safetensors'));
    await this.sendDataset({ type: 'set-tokenizer', files: tokenizer });
    this.#store.dispatch({ type: 'tokenizer', of: name });
  }

  openDataset(name: string, file: Blob): Promise<boolean> {
    return this.librarian.open(name, file);
  }

  #openConfig(name: string, text: string): void {
    const { ready, draft } = this.state();
    if (!ready || !draft) return;
    this.edit(readConfig(text, name, draft, ready.settings));
    this.voice.notify(`Settings taken from ${name}.`);
  }

  chooseDataset(datasetId: string): void {
    this.#store.perform({ type: 'choose-dataset', datasetId });
    this.#memory.setItem(DATASET_KEY, datasetId);
  }

  cancelImport(): Promise<boolean> {
    return this.voice.try(() => this.sendDataset({ type: 'cancel' }));
  }

  skipBadLines(datasetId: string, skip: boolean): Promise<boolean> {
    return this.voice.try(() => this.sendDataset({ type: 'skip-bad-lines', datasetId, skip }));
  }

  saveBadLines(datasetId: string): Promise<boolean> {
    return this.voice.try(async () => saveFile(await this.sendDataset({ type: 'bad-lines', datasetId })));
  }

  removeDataset(datasetId: string): Promise<boolean> {
    return this.voice.try(() => this.sendDataset({ type: 'remove', datasetId }));
  }

  /** Rows [from, to) with their prompts; rejects. */
  rows(datasetId: string, from: number, to: number, prompt: PromptSettings): Promise<readonly DatasetRow[]> {
    return this.sendDataset({ type: 'rows', datasetId, from, to, prompt });
  }

  // ── The run ───────────────────────────────────────────────────────────────────────────────────

  edit(draft: RunConfig): void {
    this.#store.perform({ type: 'draft', draft });
  }

  /** GPU memory of a run with these settings; null: not known beforehand; rejects. */
  planMemory(config: RunConfig): Promise<MemoryPlan | null> {
    return this.send({ type: 'plan-memory', config });
  }

  /** Starts a run with the draft on the chosen dataset; true once it runs. */
  async train(): Promise<boolean> {
    const { draft, datasetId } = this.state();
    if (!draft || !datasetId || !(await this.#mayReplaceRun('Starting a new run'))) return false;
    return this.voice.try(() => this.send({ type: 'start', config: draft, datasetId }));
  }

  pause(): Promise<boolean> {
    return this.voice.try(() => this.send({ type: 'pause' }));
  }

  continue(): Promise<boolean> {
    return this.voice.try(() => this.send({ type: 'continue' }));
  }

  singleStep(): Promise<boolean> {
    return this.voice.try(() => this.send({ type: 'single-step' }));
  }

  stop(): Promise<boolean> {
    return this.voice.try(() => this.send({ type: 'stop' }));
  }

  changeSettings(changes: Readonly<Record<string, SettingValue>>): Promise<boolean> {
    return this.voice.try(() => this.send({ type: 'change-settings', changes }));
  }

  /** The page may be frozen or closed next: the trainer saves. */
  pageHidden(): void {
    if (this.state().run?.status === 'running') void this.voice.try(() => this.send({ type: 'page-hidden' }));
  }

  // ── Checkpoints ───────────────────────────────────────────────────────────────────────────────

  saveCheckpoint(): Promise<boolean> {
    return this.voice.try(async () => {
      const saved = await this.send({ type: 'save-checkpoint' });
      this.voice.notify(`Checkpoint of step ${saved.step} saved.`);
    });
  }

  /** `steps`: the run's new total; undefined keeps its own. */
  async resume(id: string, steps?: number): Promise<boolean> {
    if (!(await this.#mayReplaceRun('Resuming a checkpoint'))) return false;
    return this.voice.try(() =>
      this.send(
        steps === undefined ? { type: 'resume-checkpoint', id } : { type: 'resume-checkpoint', id, steps },
      ),
    );
  }

  exportCheckpoint(id: string): Promise<boolean> {
    return this.voice.try(async () => {
      const exported = await this.send({ type: 'export-checkpoint', id });
      if (await saveFile(exported))
        this.voice.notify(`${exported.name} saved. SHA-256 ${exported.sha256.slice(0, 16)}…`);
    });
  }

  importCheckpoint(name: string, file: Blob): Promise<boolean> {
    return this.voice.try(async () => {
      const imported = await this.send({ type: 'import-checkpoint', name, file });
      this.voice.notify(`${name}: step ${imported.step} of "${imported.runName}" is under Checkpoints.`);
    });
  }

  deleteCheckpoint(id: string): Promise<boolean> {
    const checkpoint = this.state().checkpoints.find((each) => each.id === id);
    return this.voice.try(async () => {
      await this.send({ type: 'delete-checkpoint', id });
      this.voice.notify(
        `Step ${checkpoint?.step ?? ''} of "${checkpoint?.runName ?? ''}" is in the trash.`,
        id,
      );
    });
  }

  restoreCheckpoint(id: string): Promise<boolean> {
    return this.voice.try(() => this.send({ type: 'restore-checkpoint', id }));
  }

  async emptyTrash(): Promise<boolean> {
    const count = this.state().checkpoints.filter(({ deleted }) => deleted).length;
    const sure = await this.voice.ask({
      title: 'Empty the trash?',
      text: `${count === 1 ? 'One checkpoint' : `${count} checkpoints`} will be gone for good.`,
      confirm: 'Empty trash',
    });
    return sure ? this.voice.try(() => this.send({ type: 'empty-trash' })) : false;
  }

  /** Asks before an active run is ended, and ends it. */
  async #mayReplaceRun(what: string): Promise<boolean> {
    const { run } = this.state();
    if (!isActive(run)) return true;
    const sure = await this.voice.ask({
      title: 'Replace the running session?',
      text: `${what} ends "${run.config.name}" at step ${run.step} of ${run.config.steps}. Its stored checkpoints stay.`,
      confirm: 'Stop and replace',
    });
    return sure && this.stop();
  }

  #tell(event: TrainerNews | DatasetNews): void {
    for (const listener of this.#listeners) listener(event);
  }
}
