/**
 * What a person can do with evaluations. The long ones settle when the evaluation is finished or
 * paused; what keeps one from going on is shown once and kept beside its controls.
 */
import {
  type Command,
  type CommandResults,
  type DatasetPart,
  type EvaluatedCase,
  type EvaluationComparison,
  type EvaluationFormat,
  type EvaluationImport,
  type EvaluationRequest,
  type EvaluationSummary,
  type ResultReference,
  toErrorRecord,
} from '../../protocol';
import { saveFile } from './save';
import type { StudioStore } from './studio';
import type { Voice } from './voice';

/** Stands in a request for the starter's held-out cases, which are opened when they are asked for. */
export const HELD_OUT_CASES = 'starter-held-out';

export interface EvaluatorOptions {
  readonly store: StudioStore;
  readonly voice: Voice;
  readonly send: <T extends Command['type']>(
    command: Extract<Command, { type: T }>,
  ) => Promise<CommandResults[T]>;
  /** Resolves with the id of the starter's held-out cases. */
  readonly openHeldOut: () => Promise<string>;
}

export class Evaluator {
  readonly #store: StudioStore;
  readonly #voice: Voice;
  readonly #send: EvaluatorOptions['send'];
  readonly #openHeldOut: EvaluatorOptions['openHeldOut'];

  constructor({ store, voice, send, openHeldOut }: EvaluatorOptions) {
    this.#store = store;
    this.#voice = voice;
    this.#send = send;
    this.#openHeldOut = openHeldOut;
  }

  list(): Promise<boolean> {
    return this.#voice.try(() => this.#send({ type: 'list-evaluations' }));
  }

  /** Settles with the evaluation when it is finished or paused; null: it could not go on. */
  start(request: EvaluationRequest): Promise<EvaluationSummary | null> {
    return this.#evaluate(async () => {
      const datasets = [];
      for (const each of request.datasets) {
        const datasetId = each.datasetId === HELD_OUT_CASES ? await this.#openHeldOut() : each.datasetId;
        datasets.push({ ...each, datasetId });
      }
      return this.#send({ type: 'start-evaluation', request: { ...request, datasets } });
    });
  }

  /** As `start`. */
  resume(id: string): Promise<EvaluationSummary | null> {
    return this.#evaluate(() => this.#send({ type: 'resume-evaluation', id }));
  }

  async #evaluate(work: () => Promise<EvaluationSummary>): Promise<EvaluationSummary | null> {
    this.#store.dispatch({ type: 'evaluation-asked' });
    try {
      const summary = await work();
      this.#store.dispatch({ type: 'evaluation-ended', failure: null });
      if (summary.status === 'finished') this.#voice.notify(`Evaluated: ${summary.name}.`);
      return summary;
    } catch (thrown) {
      this.#store.dispatch({ type: 'evaluation-ended', failure: toErrorRecord(thrown) });
      this.#voice.fail(thrown);
      return null;
    }
  }

  pause(): Promise<boolean> {
    return this.#voice.try(() => this.#send({ type: 'pause-evaluation' }));
  }

  /** Asks first: what is deleted is gone. */
  async delete({ id, name }: EvaluationSummary): Promise<boolean> {
    const sure = await this.#voice.ask({
      title: 'Delete this evaluation?',
      text: `"${name}" will be gone for good, with its completions. Export it first to keep it.`,
      confirm: 'Delete',
    });
    return sure && this.#voice.try(() => this.#send({ type: 'delete-evaluation', id }));
  }

  /** Cases [from, to) as far as they are evaluated; rejects. */
  cases(result: ResultReference, from: number, to: number): Promise<readonly EvaluatedCase[]> {
    return this.#send({ type: 'evaluation-cases', result, from, to });
  }

  /** Rejects, as two results without a shared case do. */
  compare(first: ResultReference, second: ResultReference): Promise<EvaluationComparison> {
    return this.#send({ type: 'compare-evaluations', first, second });
  }

  export(id: string, format: EvaluationFormat, dataset: number | null): Promise<boolean> {
    return this.#voice.try(async () => {
      const exported = await this.#send({ type: 'export-evaluation', id, format, dataset });
      if (await saveFile(exported))
        this.#voice.notify(`${exported.name} saved. SHA-256 ${exported.sha256.slice(0, 16)}…`);
    });
  }

  /** Completions made elsewhere, scored with the present settings; rejects. */
  import(
    name: string,
    file: Blob,
    dataset: { readonly datasetId: string; readonly part: DatasetPart },
  ): Promise<EvaluationImport> {
    const config = this.#store.snapshot().draft!;
    return this.#send({ type: 'import-evaluation', name, file, ...dataset, config });
  }
}
