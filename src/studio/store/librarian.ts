/**
 * What a person can do with datasets: open a file, say how to read it, split it, compare it. A file
 * that cannot be read without them is kept until they answer or let it go.
 */
import {
  type ColumnMapping,
  type DatasetCommand,
  type DatasetResults,
  type DatasetSummary,
  type MappingPreview,
  type RunConfig,
  type SplitReport,
  StudioError,
} from '../../protocol';
import { type Comparison, findOverlap } from './data';
import { draftMapping, type MappingDraft } from './mapping';
import type { StudioStore } from './studio';
import type { Voice } from './voice';

/** What only the person knows of a file. */
export interface ReadingChoices {
  readonly mapping?: ColumnMapping;
  readonly copBase?: 0 | 1;
}

interface LibrarianOptions {
  readonly store: StudioStore;
  readonly voice: Voice;
  readonly send: <T extends DatasetCommand['type']>(
    command: Extract<DatasetCommand, { type: T }>,
  ) => Promise<DatasetResults[T]>;
  readonly onOpened: (dataset: DatasetSummary) => void;
}

export class Librarian {
  readonly #store: StudioStore;
  readonly #voice: Voice;
  readonly #send: LibrarianOptions['send'];
  readonly #onOpened: LibrarianOptions['onOpened'];
  /** The bytes of `state.data.unread`. */
  #unread: { readonly name: string; readonly file: Blob } | null = null;
  /** Comparisons take the worker one after another. */
  #comparisons: Promise<unknown> = Promise.resolve();

  constructor({ store, voice, send, onOpened }: LibrarianOptions) {
    this.#store = store;
    this.#voice = voice;
    this.#send = send;
    this.#onOpened = onOpened;
  }

  /** Imports a file; where the studio cannot tell how to read it, the person is asked under Data. */
  async open(name: string, file: Blob, choices: ReadingChoices = {}): Promise<boolean> {
    let opened = false;
    await this.#voice.try(async () => {
      try {
        this.#onOpened(await this.#send({ type: 'open', name, file, ...choices }));
        opened = true;
        if (this.#unread?.file === file) this.letGo();
      } catch (thrown) {
        if (!(await this.#ask(name, file, thrown))) throw thrown;
      }
    });
    if (!opened) this.#store.dispatch({ type: 'import-ended' });
    return opened;
  }

  /** Whether the person can help: then they are asked, and the file is kept. */
  async #ask(name: string, file: Blob, thrown: unknown): Promise<boolean> {
    if (!(thrown instanceof StudioError)) return false;
    const { code, message: reason } = thrown.record;
    if (code === 'answer-base-unknown') {
      this.#keep(name, file);
      this.#store.dispatch({ type: 'unread', unread: { name, reason, need: 'answer-base' } });
    } else if (code === 'dataset-no-usable-row') {
      // A file without any fields stays the error that it was.
      const report = await this.#send({ type: 'columns', name, file }).catch(() => null);
      if (report === null || report.fields.length === 0) return false;
      this.#keep(name, file);
      this.#store.dispatch({
        type: 'unread',
        unread: { name, reason, need: 'columns', report, draft: draftMapping(report) },
      });
    } else return false;
    return true;
  }

  /** One file waits at a time. */
  #keep(name: string, file: Blob): void {
    const before = this.#unread;
    if (before !== null && before.file !== file)
      this.#voice.notify(`${before.name} is let go: ${name} waits in its place.`);
    this.#unread = { name, file };
  }

  /** Reads the file that waits as the person said; false: it waits on, and the error is shown. */
  readUnread(choices: ReadingChoices): Promise<boolean> {
    if (this.#unread === null) return Promise.resolve(false);
    return this.open(this.#unread.name, this.#unread.file, choices);
  }

  mapColumns(draft: MappingDraft): void {
    this.#store.perform({ type: 'map-columns', draft });
  }

  /** What a mapping makes of the first rows of the file that waits; rejects. */
  preview(mapping: ColumnMapping): Promise<MappingPreview> {
    if (this.#unread === null) throw new Error('internal: no file waits to be mapped');
    return this.#send({ type: 'preview-mapping', ...this.#unread, mapping });
  }

  letGo(): void {
    this.#unread = null;
    this.#store.perform({ type: 'unread', unread: null });
  }

  /** Rejects. */
  split(datasetId: string, split: RunConfig['data']): Promise<SplitReport> {
    return this.#send({ type: 'split', datasetId, split });
  }

  /** Compares, unless that was done before; the report is in the state then. */
  compare(of: Comparison): Promise<boolean> {
    const comparison = this.#comparisons.then(async () => {
      if (findOverlap(this.#store.snapshot().data, of) !== undefined) return true;
      this.#store.dispatch({ type: 'comparing', of });
      const done = await this.#voice.try(() => this.#send({ type: 'overlap', ...of }));
      this.#store.dispatch({ type: 'comparing', of: null });
      return done;
    });
    this.#comparisons = comparison;
    return comparison;
  }
}
