/** The lines of an evaluation, as pure functions of its records: progress, results, before against after. */
import { duration, figure, table } from './report.mjs';

/**
 * @typedef {import('../../src/protocol').DatasetResult} DatasetResult
 * @typedef {import('../../src/protocol').Estimate} Estimate
 * @typedef {import('../../src/protocol').EvaluationComparison} EvaluationComparison
 * @typedef {import('../../src/protocol').EvaluationProgress} EvaluationProgress
 * @typedef {import('../../src/protocol').Interval} Interval
 * @typedef {import('../../src/protocol').Proportion} Proportion
 * @typedef {{ when: 'before' | 'after', step: number | null, result: DatasetResult }} Round one dataset, at one time
 * @typedef {[label: string, of: (result: DatasetResult) => string]} Figure
 */

/** @param {EvaluationProgress} progress */
export function evaluationStatus({ done, total, tokens, elapsedMs }) {
  const speed = elapsedMs > 0 ? `  ${Math.round((1000 * tokens) / elapsedMs)} tokens/s` : '';
  const left =
    done > 0 && done < total ? `  ETA ${duration(((elapsedMs / done) * (total - done)) / 1000)}` : '';
  return `evaluating ${done}/${total}${speed}${left}`;
}

/**
 * One dataset, before and after training or one of them; then what changed.
 * @param {readonly Round[]} rounds
 * @param {EvaluationComparison | null} comparison of the two
 */
export function evaluationTable(rounds, comparison) {
  const [first] = rounds;
  if (!first) throw new RangeError('internal: a table of no evaluations');
  const { result } = first;
  const rows = [
    ['', ...rounds.map(({ when }) => when)],
    ...figuresOf(result).map(([label, of]) => [label, ...rounds.map((round) => of(round.result))]),
  ];
  const samples = result.samplesPerCase === 1 ? 'greedy' : `${result.samplesPerCase} samples each`;
  const title = `${result.datasetName}: n = ${result.cases} cases, ${samples}; 95 % intervals`;
  return [title, table(rows), ...(comparison ? [comparisonLines(comparison)] : [])].join('\n');
}

/**
 * @param {DatasetResult} result
 * @returns {Figure[]}
 */
function figuresOf(result) {
  const { objectives, counts, passAt, majAt, samplesPerCase } = result;
  /** @type {Figure[]} */
  const figures = [
    ['correct / total', ({ accuracy }) => share(accuracy)],
    ['correct / parsable', ({ accuracyOfParsable }) => share(accuracyOfParsable)],
  ];
  if (samplesPerCase > 1) {
    for (const [name, key] of /** @type {const} */ ([
      ['pass', 'passAt'],
      ['maj', 'majAt'],
    ])) {
      for (const [index, { k }] of (key === 'passAt' ? passAt : majAt).entries()) {
        figures.push([`${name}@${k}`, (each) => estimate(each[key][index]?.estimate)]);
      }
    }
  }
  figures.push(
    ...Object.keys(objectives).map(
      (name) => /** @type {Figure} */ ([`mean ${name}`, (each) => estimate(each.objectives[name])]),
    ),
    ['mean reward', ({ reward }) => estimate(reward)],
    ...counts.map(
      ({ name, label }) =>
        /** @type {Figure} */ ([
          `${label.toLowerCase()} / response`,
          (each) => estimate(each.counts.find((count) => count.name === name)?.perResponse),
        ]),
    ),
    ['mean tokens', ({ tokens }) => estimate(tokens, 1)],
    ['cut at the limit', ({ truncated }) => ratio(truncated)],
    ['without a valid answer', ({ outcomes, accuracy: { of } }) => `${of - (outcomes.valid ?? 0)}/${of}`],
    ['letter bias (total variation)', ({ letters }) => figure(letters?.totalVariation)],
  );
  return figures;
}

/** @param {EvaluationComparison} comparison */
function comparisonLines({ accuracy, reward, mcnemar, cases }) {
  const { improved, regressed, pValue } = mcnemar;
  return [
    `  after − before, paired over ${cases} cases: accuracy ${signed(accuracy)}, reward ${signed(reward)}`,
    `  ${improved.length} improved, ${regressed.length} regressed, ${cases - improved.length - regressed.length} unchanged; ` +
      `exact McNemar p = ${probability(pValue)}`,
  ].join('\n');
}

/** @param {Proportion} proportion */
function share(proportion) {
  return `${ratio(proportion)}${interval(proportion.wilson ?? proportion.bootstrap, (value) => (100 * value).toFixed(1))}`;
}

/** @param {Proportion} proportion */
function ratio({ count, of, value }) {
  return `${count}/${of}${value === null ? '' : ` (${(100 * value).toFixed(1)} %)`}`;
}

/**
 * @param {Estimate | undefined} found
 * @param {number} [digits]
 */
function estimate(found, digits = 3) {
  if (!found || found.value === null) return '–';
  return `${digits === 3 ? figure(found.value) : found.value.toFixed(digits)}${interval(found.interval, (value) => value.toFixed(digits))}`;
}

/** @param {Estimate} difference */
function signed(difference) {
  const { value } = difference;
  return value === null ? '–' : `${value < 0 ? '' : '+'}${estimate(difference)}`;
}

/**
 * @param {Interval | null} found
 * @param {(value: number) => string} format
 */
function interval(found, format) {
  return found ? ` [${format(found.low)}, ${format(found.high)}]` : '';
}

/** @param {number} p */
function probability(p) {
  return p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}
