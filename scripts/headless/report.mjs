/** The lines of a headless run, as pure functions of its records: progress, and before against after. */

/**
 * @typedef {import('../../src/protocol').StepRecord} StepRecord
 * @typedef {import('../../src/protocol').EvaluationRecord} EvaluationRecord
 * @typedef {import('../../src/protocol').ObjectiveDescriptor} ObjectiveDescriptor
 * @typedef {Readonly<Record<string, number>>} Metrics
 */

/** Steps whose median duration predicts the rest; the first one also compiles shaders. */
const etaWindow = 20;
/** Steps averaged at either end of a run. */
const trendWindow = 5;

/**
 * @param {Metrics} metrics of one step
 * @param {{ step: number, steps: number, objectives: readonly string[], etaSeconds: number | null }} context
 */
export function stepLine(metrics, { step, steps, objectives, etaSeconds }) {
  const width = String(steps).length;
  const parts = [`step ${String(step).padStart(width)}/${steps}`, `reward ${number(metrics.reward)}`];
  for (const name of objectives) {
    const mean = metrics[`rewards/${name}/mean`];
    if (mean !== undefined) parts.push(`${name} ${number(mean)}`);
  }
  parts.push(`kl ${number(metrics.kl)}`);
  const { tokens_per_second: speed } = metrics;
  if (speed !== undefined) parts.push(`${speed < 100 ? speed.toFixed(1) : Math.round(speed)} tokens/s`);
  if (etaSeconds !== null) parts.push(`ETA ${duration(etaSeconds)}`);
  return parts.join('  ');
}

/**
 * @param {readonly Metrics[]} past metrics of the steps so far, oldest first
 * @param {number} remaining steps
 * @returns {number | null} seconds; null: nothing to go by, or nothing left
 */
export function etaSeconds(past, remaining) {
  const times = past
    .slice(-etaWindow)
    .map((metrics) => metrics.step_time)
    .filter((time) => time !== undefined)
    .sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  return median === undefined || remaining <= 0 ? null : median * remaining;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/**
 * What the training changed, on one dataset.
 * @param {readonly ({ when: string } & EvaluationRecord)[]} records before and after, or one of them
 * @returns {string} a table with a line per figure
 */
export function evaluationTable(records) {
  const [first] = records;
  if (!first) throw new RangeError('internal: a table of no evaluations');
  const heading = ['', ...records.map(({ when }) => when)];
  const objectives = Object.keys(first.objectives);
  /** @type {[string, (record: EvaluationRecord) => string][]} */
  const figures = [
    ['correct / total', ({ correct, total }) => ratio(correct, total)],
    ['correct / parsable', ({ correct, parsable }) => ratio(correct, parsable)],
    ...objectives.map(
      (name) =>
        /** @type {[string, (record: EvaluationRecord) => string]} */ ([
          `mean ${name}`,
          ({ objectives }) => number(objectives[name] ?? undefined),
        ]),
    ),
    ['mean reward', ({ reward }) => number(reward)],
    ['mean tokens', ({ meanTokens }) => meanTokens.toFixed(1)],
    ['cut at the limit', ({ truncated, total }) => ratio(truncated, total)],
  ];
  const rows = [heading, ...figures.map(([label, figure]) => [label, ...records.map(figure)])];
  return `${first.datasetName}: n = ${first.total} cases\n${table(rows)}`;
}

/**
 * The training reward itself, first steps against last ones: noisier prompts than an evaluation's, but every run has it.
 * @param {readonly Metrics[]} steps
 * @returns {string | null} null: fewer than two steps
 */
export function trendTable(steps) {
  if (steps.length < 2) return null;
  const window = Math.min(trendWindow, Math.floor(steps.length / 2));
  const ends = [steps.slice(0, window), steps.slice(-window)];
  const keys = ['reward', ...Object.keys(steps[0] ?? {}).filter((key) => /^rewards\/.*\/mean$/.test(key))];
  const rows = keys.map((key) => [
    key === 'reward' ? 'mean reward' : `mean ${key.split('/')[1]}`,
    ...ends.map((end) => number(mean(end.map((metrics) => metrics[key])))),
  ]);
  const heading = ['', `first ${window} steps`, `last ${window} steps`];
  return `While training, on the questions of each step (not an evaluation)\n${table([heading, ...rows])}`;
}

/** @param {readonly (number | undefined)[]} values */
function mean(values) {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/**
 * @param {number} part
 * @param {number} whole
 */
function ratio(part, whole) {
  const percent = whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)} %)`;
  return `${part}/${whole}${percent}`;
}

/** @param {number | undefined} value */
function number(value) {
  if (value === undefined) return '–';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return value.toFixed(3);
}

/** @param {readonly (readonly string[])[]} rows first column left, the others right */
function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const align = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(align).join('   ')}`.trimEnd()).join('\n');
}
