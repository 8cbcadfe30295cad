/**
 * The evaluations of this browser: started, stored batch by batch, paused, resumed, compared and
 * exported. At most one is under way; whether it may begin is the trainer's to say.
 */

import { Sha256 } from '../../src/engine/data/sha256';
import { compare } from '../../src/engine/evaluation/compare';
import { countCases, evaluateCases, validateRequest } from '../../src/engine/evaluation/evaluate';
import { exportParts } from '../../src/engine/evaluation/export';
import {
  appendCases,
  assertHasResult,
  createEvaluation,
  deleteEvaluation,
  findEvaluation,
  listEvaluations,
  readCases,
  type StoredEvaluation,
  saveEvaluation,
  withoutDamage,
} from '../../src/engine/evaluation/store';
import { summarize } from '../../src/engine/evaluation/summary';
import {
  type Command,
  type CommandResults,
  type DatasetResult,
  type EvaluatedPolicyFacts,
  type EvaluationDatasetFacts,
  type EvaluationFormat,
  type EvaluationImport,
  type EvaluationProgress,
  type EvaluationRequest,
  type EvaluationSummary,
  type ResultReference,
  StudioError,
} from '../../src/protocol';
import { nextMacrotask } from '../macrotask';
import { openCases } from './cases';
import { type Engine, takeUpTuning, tuningToStore } from './engine';
import { type Holdings, type OpenedPolicy, openPolicy, reopenPolicy } from './evaluated-policy';
import { type TrainerHost, UNSTOPPED } from './host';
import { importEvaluation } from './imported-evaluation';

/** Progress within a batch is told at most this often. */
const TELL_INTERVAL_MS = 250;

export class Evaluations {
  readonly #host: TrainerHost;
  #active: { readonly id: string; readonly pausing: AbortController } | null = null;

  constructor(host: TrainerHost) {
    this.#host = host;
  }

  get running(): boolean {
    return this.#active !== null;
  }

  /** Resolves once the evaluation is finished or paused; rejects with what stopped it, and it is paused then. */
  async start(untrusted: EvaluationRequest, holdings: Holdings): Promise<EvaluationSummary> {
    const request = validateRequest(untrusted);
    return this.#exclusive(this.#host.newId(), async (id, pausing) => {
      const opened = await openPolicy(request.policy, holdings);
      try {
        const datasets = await this.#datasetFacts(request);
        const summary = newSummary(id, this.#host.now(), request, opened.facts, datasets);
        const record = await createEvaluation(this.#host.evaluationDatabase, summary);
        return await this.#evaluate(withTuningOf(holdings, record), opened, pausing);
      } finally {
        opened.dispose();
      }
    });
  }

  /** As `start`. A finished one is returned as it is. */
  async resume(id: string, holdings: Holdings): Promise<EvaluationSummary> {
    const database = this.#host.evaluationDatabase;
    return this.#exclusive(id, async (_, pausing) => {
      const stored = await findEvaluation(database, id);
      if (stored.summary.status === 'finished') return stored.summary;
      const putBack = takeUpTuning(holdings, stored.tuning);
      try {
        const opened = await reopenPolicy(stored.summary.policy, holdings);
        try {
          const whole = await withoutDamage(database, stored);
          return await this.#evaluate(withTuningOf(holdings, whole), opened, pausing);
        } finally {
          opened.dispose();
        }
      } finally {
        putBack();
      }
    });
  }

  /** The batch under way is given up; all before it are stored. */
  pause(): null {
    this.#active?.pausing.abort(new EvaluationPaused());
    return null;
  }

  async list(): Promise<readonly EvaluationSummary[]> {
    const records = await listEvaluations(this.#host.evaluationDatabase);
    return records.map(({ summary }) => this.#asItIs(summary));
  }

  async delete(id: string): Promise<null> {
    if (this.#active?.id === id) {
      throw new StudioError({
        boundary: 'protocol',
        code: 'busy',
        message: 'Cannot delete an evaluation while it is running.',
        action: 'Pause it first.',
      });
    }
    await deleteEvaluation(this.#host.evaluationDatabase, id);
    return this.#tell();
  }

  async cases({ id, dataset }: ResultReference, from: number, to: number) {
    const record = await findEvaluation(this.#host.evaluationDatabase, id);
    assertHasResult(record, { id, dataset });
    return readCases(this.#host.evaluationDatabase, record, dataset, from, to);
  }

  async compare(
    first: ResultReference,
    second: ResultReference,
  ): Promise<CommandResults['compare-evaluations']> {
    const record = await findEvaluation(this.#host.evaluationDatabase, first.id);
    const all = (reference: ResultReference) => this.cases(reference, 0, Number.POSITIVE_INFINITY);
    const { seed } = record.summary.config;
    const compared = await compare(await all(first), await all(second), seed, UNSTOPPED);
    return { first, second, ...compared };
  }

  async export(
    id: string,
    format: EvaluationFormat,
    dataset: number | null,
  ): Promise<CommandResults['export-evaluation']> {
    const database = this.#host.evaluationDatabase;
    const record = await findEvaluation(database, id);
    if (dataset !== null) assertHasResult(record, { id, dataset });
    const { name, parts } = exportParts(record.summary, format, dataset, (index) =>
      readCases(database, record, index),
    );
    const encoder = new TextEncoder();
    const hash = new Sha256();
    const blobs: Blob[] = [];
    for await (const part of parts) {
      const bytes = encoder.encode(part);
      hash.update(bytes);
      blobs.push(new Blob([bytes]));
    }
    const type = { json: 'application/json', csv: 'text/csv', 'lm-eval': 'application/jsonl' }[format];
    return { name, file: new Blob(blobs, { type }), sha256: hash.digest() };
  }

  /** Completions made elsewhere; `eos` is of the tokenizer that made them, as far as it is known. */
  async import(
    command: Extract<Command, { type: 'import-evaluation' }>,
    eos: string,
  ): Promise<EvaluationImport> {
    const imported = await importEvaluation(this.#host, command, eos);
    await this.#tell();
    return imported;
  }

  async #evaluate(
    record: StoredEvaluation,
    opened: OpenedPolicy,
    pausing: AbortController,
  ): Promise<EvaluationSummary> {
    const database = this.#host.evaluationDatabase;
    const { id } = record.summary;
    const stopwatch = new Stopwatch(this.#host, record.summary.progress.elapsedMs);
    await saveEvaluation(database, withStatus(record, 'running'));
    await this.#tell();
    let results: readonly DatasetResult[] | null = null;
    try {
      let stored = withStatus(record, 'running');
      for (const dataset of stored.summary.datasets.keys()) {
        stored = await this.#evaluateDataset(stored, dataset, opened, pausing, stopwatch);
      }
      results = await this.#results(stored, pausing);
    } catch (thrown) {
      if (!(thrown instanceof EvaluationPaused)) throw thrown;
    } finally {
      // The database has every whole batch, also of a dataset that was left in the middle.
      const ended = await findEvaluation(database, id);
      await saveEvaluation(database, withEnd(ended, results, stopwatch.elapsedMs()));
      this.#active = null;
      await this.#tell();
    }
    return (await findEvaluation(database, id)).summary;
  }

  async #evaluateDataset(
    record: StoredEvaluation,
    dataset: number,
    opened: OpenedPolicy,
    pausing: AbortController,
    stopwatch: Stopwatch,
  ): Promise<StoredEvaluation> {
    const { config, samples, temperature, datasets } = record.summary;
    const { datasetId, part, cases: total } = datasets[dataset]!;
    const from = record.chunks[dataset]!.reduce((sum, size) => sum + size, 0);
    if (from >= total) return record;
    const { cases } = await openCases(this.#host.datasetDatabase, datasetId, part, config.data);
    let stored = record;
    let batchTokens = 0;
    const batches = evaluateCases(
      {
        config,
        policy: opened.policy,
        tokenizer: opened.tokenizer,
        cases,
        score: this.#host.score,
        breathe: nextMacrotask,
        signal: pausing.signal,
        onTokens: (tokens) => {
          batchTokens += tokens;
          const { progress } = stored.summary;
          const elapsedMs = stopwatch.elapsedMs();
          this.#tellProgress(
            { ...progress, dataset, tokens: progress.tokens + batchTokens, elapsedMs },
            false,
          );
        },
      },
      { samples, temperature },
      { from, total },
    );
    for await (const batch of batches) {
      const made = batch.flatMap((each) => each.samples);
      const before = stored.summary.progress;
      const progress: EvaluationProgress = {
        ...before,
        dataset,
        done: before.done + batch.length,
        tokens: before.tokens + made.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0),
        completions: before.completions + made.length,
        correct: before.correct + made.filter(({ correct }) => correct).length,
        elapsedMs: stopwatch.elapsedMs(),
      };
      batchTokens = 0;
      stored = await appendCases(this.#host.evaluationDatabase, stored, batch, progress);
      this.#tellProgress(progress, true);
      pausing.signal.throwIfAborted();
    }
    return stored;
  }

  async #results(record: StoredEvaluation, { signal }: AbortController): Promise<DatasetResult[]> {
    const { datasets, samples, config } = record.summary;
    const results: DatasetResult[] = [];
    for (const [index, facts] of datasets.entries()) {
      const cases = await readCases(this.#host.evaluationDatabase, record, index);
      const host = { breathe: nextMacrotask, signal };
      results.push(await summarize(facts, cases, { samples, seed: config.seed }, host));
    }
    return results;
  }

  async #datasetFacts({ datasets, config }: EvaluationRequest): Promise<EvaluationDatasetFacts[]> {
    const facts: EvaluationDatasetFacts[] = [];
    for (const { datasetId, part, limit } of datasets) {
      const { cases, summary } = await openCases(this.#host.datasetDatabase, datasetId, part, config.data);
      facts.push({ datasetId, part, limit, name: summary.name, cases: countCases(cases.count, limit) });
    }
    return facts;
  }

  async #exclusive<T>(id: string, task: (id: string, pausing: AbortController) => Promise<T>): Promise<T> {
    const pausing = new AbortController();
    this.#active = { id, pausing };
    try {
      return await task(id, pausing);
    } finally {
      this.#active = null;
    }
  }

  /** A tab that was closed could not say that it paused. */
  #asItIs(summary: EvaluationSummary): EvaluationSummary {
    const isStale = summary.status === 'running' && this.#active?.id !== summary.id;
    return isStale ? { ...summary, status: 'paused' } : summary;
  }

  async #tell(): Promise<null> {
    this.#host.post({ type: 'evaluations', evaluations: await this.list() });
    return null;
  }

  #lastTold = Number.NEGATIVE_INFINITY;

  #tellProgress(progress: EvaluationProgress, isBatchEnd: boolean): void {
    const now = this.#host.clock();
    if (!isBatchEnd && now - this.#lastTold < TELL_INTERVAL_MS) return;
    this.#lastTold = now;
    this.#host.post({ type: 'evaluation-progress', progress });
  }
}

/** Not an error: the evaluation ends its batch early because a person asked for it. */
class EvaluationPaused extends Error {}

/** Time at work, over all of an evaluation's sittings. */
class Stopwatch {
  readonly #host: Pick<TrainerHost, 'clock'>;
  readonly #before: number;
  readonly #begun: number;

  constructor(host: Pick<TrainerHost, 'clock'>, before: number) {
    this.#host = host;
    this.#before = before;
    this.#begun = host.clock();
  }

  elapsedMs(): number {
    return this.#before + this.#host.clock() - this.#begun;
  }
}

/** With the choice of kernels of the sitting that begins. */
function withTuningOf(engine: Engine, record: StoredEvaluation): StoredEvaluation {
  const tuning = tuningToStore(engine);
  return tuning === undefined ? record : { ...record, tuning };
}

function withStatus(record: StoredEvaluation, status: EvaluationSummary['status']): StoredEvaluation {
  return { ...record, summary: { ...record.summary, status } };
}

/** `results` null: it is paused. */
function withEnd(
  record: StoredEvaluation,
  results: readonly DatasetResult[] | null,
  elapsedMs: number,
): StoredEvaluation {
  const status = results === null ? 'paused' : 'finished';
  const progress = { ...record.summary.progress, elapsedMs };
  return { ...record, summary: { ...record.summary, status, progress, results: results ?? [] } };
}

function newSummary(
  id: string,
  createdAt: string,
  { samples, temperature, config }: EvaluationRequest,
  policy: EvaluatedPolicyFacts,
  datasets: readonly EvaluationDatasetFacts[],
): EvaluationSummary {
  const total = datasets.reduce((sum, { cases }) => sum + cases, 0);
  return {
    id,
    name: `${policy.runName ?? policy.modelName}, ${policy.step === 0 ? 'untrained' : `step ${policy.step}`}`,
    createdAt,
    status: 'running',
    policy,
    datasets,
    samples,
    temperature,
    config,
    progress: { id, dataset: 0, done: 0, total, tokens: 0, elapsedMs: 0, completions: 0, correct: 0 },
    results: [],
  };
}
