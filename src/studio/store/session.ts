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
  type ErrorRecord,
  type NamedFile,
  PROTOCOL_VERSION,
  type PromptSettings,
  type RunConfig,
  type SettingValue,
  toErrorRecord,
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
import type { DatasetAnswer, TrainerAnswer } from './reduce';
import { saveFile } from './save';
import { readConfig } from './settings';
import { STARTER_DATASET, STARTER_MODEL, starterCases, starterPolicy } from './starter';
import { isActive, type Question, type StudioState } from './state';
import type { StudioStore } from './studio';

const NOTICE_MS = 10_000;
const TOAST_MS = 12_000;

export interface SessionOptions {
  readonly store: StudioStore;
  readonly openTrainer: () => WorkerPort;
  readonly openDatasets: () => WorkerPort;
  readonly backend: BackendChoice;
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
  readonly #memory: SessionOptions['memory'];
  readonly #listeners = new Set<NewsListener>();
  #modelFiles: { readonly name: string; readonly files: readonly NamedFile[] } | null = null;
  #answer: ((yes: boolean) => void) | null = null;
  #nextNotice = 1;

  constructor({ store, openTrainer, openDatasets, backend, memory }: SessionOptions) {
    this.#store = store;
    this.#backend = backend;
    this.#memory = memory;
    this.#trainer = new WorkerLink('trainer', openTrainer, {
      news: (event) => {
        store.dispatch({ type: 'trainer-news', event });
        this.#tell(event);
        if (event.type === 'fault') this.#expireToasts();
        if (event.type === 'lock' && event.holdsLock) void this.#loadStarterPolicy();
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
      crash: (error) => this.fail(error),
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
    this.#datasets.start();
    const datasets = this.#bootDatasets();
    try {
      await this.#startTrainer();
    } catch (thrown) {
      this.fail(thrown);
      this.#store.dispatch({ type: 'stage', stage: 'failed' });
      await datasets;
      throw thrown;
    }
    this.#store.dispatch({ type: 'stage', stage: 'loading-starter' });
    await Promise.all([datasets, this.#loadStarterPolicy()]);
    this.#store.dispatch({ type: 'stage', stage: 'ready' });
  }

  /** After a crash: a new worker with the same model; stored checkpoints can then be resumed. */
  restartTrainer(): Promise<boolean> {
    return this.#try(async () => {
      await this.#startTrainer();
      this.#store.dispatch({ type: 'stage', stage: 'ready' });
      const model = this.#modelFiles ?? { name: STARTER_MODEL, files: await starterPolicy() };
      await this.#load(model.name, model.files);
    });
  }

  async #startTrainer(): Promise<void> {
    this.#store.dispatch({ type: 'trainer-started' });
    this.#trainer.start();
    await this.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, backend: this.#backend });
    await this.#try(() => this.send({ type: 'list-checkpoints' }));
  }

  async #bootDatasets(): Promise<void> {
    await this.#try(async () => {
      await this.sendDataset({ type: 'list' });
      const remembered = this.#memory.getItem(DATASET_KEY);
      if (remembered && this.state().datasets.some(({ id }) => id === remembered))
        this.chooseDataset(remembered);
    });
    await this.#try(async () => {
      await this.sendDataset({
        type: 'open',
        name: STARTER_DATASET,
        file: await starterCases(),
        synthetic: true,
      });
    });
  }

  async #loadStarterPolicy(): Promise<void> {
    if (!this.state().holdsLock || this.state().model) return;
    await this.#try(async () => this.#load(STARTER_MODEL, await starterPolicy()));
  }

  // ── Files ─────────────────────────────────────────────────────────────────────────────────────

  /** Whatever was dropped, picked or pasted, each to where its content says. */
  async take(files: readonly NamedFile[]): Promise<void> {
    await this.#try(async () => {
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
            this.fail(destination.error);
            break;
          default:
            destination satisfies never;
        }
      }
    });
  }

  async loadModel(name: string, files: readonly NamedFile[]): Promise<void> {
    if (!(await this.#mayReplaceRun(`Loading "${name}"`))) return;
    await this.#try(() => this.#load(name, files));
  }

  async #load(name: string, files: readonly NamedFile[]): Promise<void> {
    this.#store.dispatch({ type: 'loading-model', name });
    try {
      await this.send({ type: 'load-model', name, files });
      this.#modelFiles = { name, files };
    } finally {
      this.#store.dispatch({ type: 'loading-model', name: null });
    }
    const tokenizer = files.filter(({ path }) => !path.endsWith('.safetensors'));
    await this.sendDataset({ type: 'set-tokenizer', files: tokenizer });
    this.#store.dispatch({ type: 'tokenizer', of: name });
  }

  async openDataset(name: string, file: Blob): Promise<void> {
    const opened = await this.#try(async () => {
      const { id } = await this.sendDataset({ type: 'open', name, file });
      this.#memory.setItem(DATASET_KEY, id);
    });
    if (!opened) this.#store.dispatch({ type: 'import-ended' });
  }

  #openConfig(name: string, text: string): void {
    const { ready, draft } = this.state();
    if (!ready || !draft) return;
    this.edit(readConfig(text, name, draft, ready.settings));
    this.notify(`Settings taken from ${name}.`);
  }

  chooseDataset(datasetId: string): void {
    this.#store.dispatch({ type: 'choose-dataset', datasetId });
    this.#memory.setItem(DATASET_KEY, datasetId);
  }

  cancelImport(): Promise<boolean> {
    return this.#try(() => this.sendDataset({ type: 'cancel' }));
  }

  skipBadLines(datasetId: string, skip: boolean): Promise<boolean> {
    return this.#try(() => this.sendDataset({ type: 'skip-bad-lines', datasetId, skip }));
  }

  saveBadLines(datasetId: string): Promise<boolean> {
    return this.#try(async () => saveFile(await this.sendDataset({ type: 'bad-lines', datasetId })));
  }

  removeDataset(datasetId: string): Promise<boolean> {
    return this.#try(() => this.sendDataset({ type: 'remove', datasetId }));
  }

  /** Rows [from, to) with their prompts; rejects. */
  rows(datasetId: string, from: number, to: number, prompt: PromptSettings): Promise<readonly DatasetRow[]> {
    return this.sendDataset({ type: 'rows', datasetId, from, to, prompt });
  }

  // ── The run ───────────────────────────────────────────────────────────────────────────────────

  edit(draft: RunConfig): void {
    this.#store.dispatch({ type: 'draft', draft });
  }

  /** Starts a run with the draft on the chosen dataset; true once it runs. */
  async train(): Promise<boolean> {
    const { draft, datasetId } = this.state();
    if (!draft || !datasetId || !(await this.#mayReplaceRun('Starting a new run'))) return false;
    return this.#try(() => this.send({ type: 'start', config: draft, datasetId }));
  }

  pause(): Promise<boolean> {
    return this.#try(() => this.send({ type: 'pause' }));
  }

  continue(): Promise<boolean> {
    return this.#try(() => this.send({ type: 'continue' }));
  }

  singleStep(): Promise<boolean> {
    return this.#try(() => this.send({ type: 'single-step' }));
  }

  stop(): Promise<boolean> {
    return this.#try(() => this.send({ type: 'stop' }));
  }

  changeSettings(changes: Readonly<Record<string, SettingValue>>): Promise<boolean> {
    return this.#try(() => this.send({ type: 'change-settings', changes }));
  }

  /** The page may be frozen or closed next: the trainer saves. */
  pageHidden(): void {
    if (this.state().run?.status === 'running') void this.#try(() => this.send({ type: 'page-hidden' }));
  }

  evaluate(datasetId: string, limit: number | null): Promise<boolean> {
    const { draft, run } = this.state();
    const config = isActive(run) ? run.config : draft;
    if (!config) return Promise.resolve(false);
    return this.#try(async () => {
      try {
        await this.send({ type: 'evaluate', datasetId, limit, config });
      } finally {
        this.#store.dispatch({ type: 'evaluation-ended' });
      }
    });
  }

  cancelEvaluation(): Promise<boolean> {
    return this.#try(() => this.send({ type: 'cancel-evaluation' }));
  }

  // ── Checkpoints ───────────────────────────────────────────────────────────────────────────────

  saveCheckpoint(): Promise<boolean> {
    return this.#try(async () => {
      const saved = await this.send({ type: 'save-checkpoint' });
      this.notify(`Checkpoint of step ${saved.step} saved.`);
    });
  }

  /** `steps`: the run's new total; undefined keeps its own. */
  async resume(id: string, steps?: number): Promise<boolean> {
    if (!(await this.#mayReplaceRun('Resuming a checkpoint'))) return false;
    return this.#try(() =>
      this.send(
        steps === undefined ? { type: 'resume-checkpoint', id } : { type: 'resume-checkpoint', id, steps },
      ),
    );
  }

  exportCheckpoint(id: string): Promise<boolean> {
    return this.#try(async () => {
      const exported = await this.send({ type: 'export-checkpoint', id });
      if (await saveFile(exported))
        this.notify(`${exported.name} saved. SHA-256 ${exported.sha256.slice(0, 16)}…`);
    });
  }

  importCheckpoint(name: string, file: Blob): Promise<boolean> {
    return this.#try(async () => {
      const imported = await this.send({ type: 'import-checkpoint', name, file });
      this.notify(`${name}: step ${imported.step} of "${imported.runName}" is under Checkpoints.`);
    });
  }

  deleteCheckpoint(id: string): Promise<boolean> {
    const checkpoint = this.state().checkpoints.find((each) => each.id === id);
    return this.#try(async () => {
      await this.send({ type: 'delete-checkpoint', id });
      this.notify(`Step ${checkpoint?.step ?? ''} of "${checkpoint?.runName ?? ''}" is in the trash.`, id);
    });
  }

  restoreCheckpoint(id: string): Promise<boolean> {
    return this.#try(() => this.send({ type: 'restore-checkpoint', id }));
  }

  async emptyTrash(): Promise<boolean> {
    const count = this.state().checkpoints.filter(({ deleted }) => deleted).length;
    const sure = await this.#ask({
      title: 'Empty the trash?',
      text: `${count === 1 ? 'One checkpoint' : `${count} checkpoints`} will be gone for good.`,
      confirm: 'Empty trash',
    });
    return sure ? this.#try(() => this.send({ type: 'empty-trash' })) : false;
  }

  // ── Telling and asking ────────────────────────────────────────────────────────────────────────

  fail(thrown: unknown): void {
    const error: ErrorRecord = toErrorRecord(thrown);
    this.#store.dispatch({ type: 'error', error });
    this.#expireToasts();
  }

  notify(text: string, undoCheckpoint?: string): void {
    const id = this.#nextNotice++;
    this.#store.dispatch({
      type: 'notice',
      notice: undoCheckpoint ? { id, text, undoCheckpoint } : { id, text },
    });
    setTimeout(() => this.closeNotice(id), NOTICE_MS);
  }

  closeNotice(id: number): void {
    this.#store.dispatch({ type: 'close-notice', id });
  }

  closeToast(id: number): void {
    this.#store.dispatch({ type: 'close-toast', id });
  }

  clearErrors(): void {
    this.#store.dispatch({ type: 'clear-errors' });
  }

  /** The person's answer to `state.question`. */
  answer(yes: boolean): void {
    this.#store.dispatch({ type: 'question', question: null });
    this.#answer?.(yes);
    this.#answer = null;
  }

  #ask(question: Question): Promise<boolean> {
    this.#answer?.(false);
    this.#store.dispatch({ type: 'question', question });
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** Asks before an active run is ended, and ends it. */
  async #mayReplaceRun(what: string): Promise<boolean> {
    const { run } = this.state();
    if (!isActive(run)) return true;
    const sure = await this.#ask({
      title: 'Replace the running session?',
      text: `${what} ends "${run.config.name}" at step ${run.step} of ${run.config.steps}. Its stored checkpoints stay.`,
      confirm: 'Stop and replace',
    });
    return sure && this.stop();
  }

  /** Runs a verb; what it throws is shown. */
  async #try(verb: () => unknown): Promise<boolean> {
    try {
      await verb();
      return true;
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
  }

  /** Toasts leave by themselves; the panel keeps their errors. */
  #expireToasts(): void {
    const shown = this.state().errors.filter(({ toast }) => toast);
    setTimeout(() => {
      for (const { id } of shown) this.closeToast(id);
    }, TOAST_MS);
  }

  #tell(event: TrainerNews | DatasetNews): void {
    for (const listener of this.#listeners) listener(event);
  }
}
