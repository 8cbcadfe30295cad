/** The evaluations of a headless run: before and after training, on the same cases, compared case by case. */
import { evaluationTable } from './evaluation-report.mjs';
import { datasetStems } from './outputs.mjs';

/**
 * @typedef {import('../../src/protocol').DatasetPart} DatasetPart
 * @typedef {import('../../src/protocol').EvaluationComparison} EvaluationComparison
 * @typedef {import('../../src/protocol').EvaluationSummary} EvaluationSummary
 * @typedef {import('../../src/protocol').RunConfig} RunConfig
 * @typedef {import('./inputs.mjs').Inputs} Inputs
 * @typedef {import('./evaluation-report.mjs').Round} Round
 * @typedef {Round['when']} When
 */

export class Evaluations {
  /** @type {{ when: When, summary: EvaluationSummary }[]} */
  #rounds = [];
  /** After against before, one per dataset, once there are both. */
  /** @type {EvaluationComparison[]} */
  #comparisons = [];
  #datasets;
  #samples;
  #folder;
  #stems;

  /**
   * @param {Inputs['evaluations']} datasets
   * @param {number} samples completions per case
   * @param {import('./outputs.mjs').RunFolder} folder
   */
  constructor(datasets, samples, folder) {
    this.#datasets = datasets;
    this.#samples = samples;
    this.#folder = folder;
    this.#stems = datasetStems(datasets.map(({ dataset }) => dataset.name));
  }

  /**
   * Evaluates the policy as it is now, and writes down what came of it. A paused one leaves nothing.
   * @param {import('./page.mjs').StudioPage} page
   * @param {When} when
   * @param {RunConfig} config
   * @param {(line: string) => void} tell
   */
  async evaluate(page, when, config, tell) {
    if (this.#datasets.length === 0) return;
    const datasets = this.#datasets.map(({ dataset, isTraining, limit }) => ({
      datasetId: dataset.id,
      // Of the training questions only those that training never sees, where some are held out.
      part: /** @type {DatasetPart} */ (isTraining && config.data.heldOutFraction > 0 ? 'held-out' : 'all'),
      limit,
    }));
    const names = this.#datasets.map(({ dataset, limit }, index) => {
      const part = datasets[index]?.part;
      const cases = Math.min(dataset.rows, limit ?? dataset.rows);
      return part === 'all' ? `${cases} cases of ${dataset.name}` : `the ${part} cases of ${dataset.name}`;
    });
    tell(`Evaluating ${when} training on ${names.join(', ')} …`);
    const summary = await page.send({
      type: 'start-evaluation',
      request: {
        policy: { kind: 'current' },
        datasets,
        samples: this.#samples,
        temperature: config.sampling.temperature,
        config,
      },
    });
    if (summary.status !== 'finished') return;
    this.#rounds.push({ when, summary });
    await this.#compare(page);
    await this.#write(page, when, summary);
  }

  /** As `run.json` lists them: a record per dataset and time. */
  records() {
    return this.#rounds.flatMap(({ when, summary }) =>
      summary.results.map((result) => ({
        when,
        datasetId: result.datasetId,
        datasetName: result.datasetName,
        part: result.part,
        step: summary.policy.step,
        samples: result.samplesPerCase,
        total: result.accuracy.of,
        parsable: result.accuracyOfParsable.of,
        correct: result.accuracy.count,
        accuracyInterval: result.accuracy.wilson ?? result.accuracy.bootstrap,
        objectives: Object.fromEntries(
          Object.entries(result.objectives).map(([name, { value }]) => [name, value]),
        ),
        reward: result.reward.value,
        meanTokens: result.tokens.value,
        truncated: result.truncated.count,
      })),
    );
  }

  /** A table per dataset. */
  report() {
    return this.#stems.flatMap((_, index) => {
      const rounds = this.#roundsOf(index);
      return rounds.length === 0 ? [] : [evaluationTable(rounds, this.#comparisons[index] ?? null)];
    });
  }

  /**
   * @param {number} index of the dataset
   * @returns {Round[]}
   */
  #roundsOf(index) {
    return this.#rounds.flatMap(({ when, summary }) => {
      const result = summary.results[index];
      return result ? [{ when, step: summary.policy.step, result }] : [];
    });
  }

  /** @param {import('./page.mjs').StudioPage} page */
  async #compare(page) {
    const [before, after] = this.#rounds;
    if (!before || !after) return;
    for (const dataset of this.#datasets.keys()) {
      const first = { id: before.summary.id, dataset };
      const second = { id: after.summary.id, dataset };
      this.#comparisons.push(await page.send({ type: 'compare-evaluations', first, second }));
    }
  }

  /**
   * @param {import('./page.mjs').StudioPage} page
   * @param {When} when
   * @param {EvaluationSummary} summary
   */
  async #write(page, when, { id, policy, results }) {
    this.#folder.appendEvaluations(results.map((result) => ({ when, policy, result })));
    for (const [dataset, stem] of this.#stems.entries()) {
      this.#folder.writeEvaluation(stem, {
        rounds: this.#roundsOf(dataset),
        comparison: this.#comparisons[dataset] ?? null,
      });
      const command = /** @type {const} */ ({ type: 'export-evaluation', id, format: 'lm-eval', dataset });
      await page.exportFile(command, this.#folder.samplesPath(stem, when));
    }
  }
}
