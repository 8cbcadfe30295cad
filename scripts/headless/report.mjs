/** The lines of a headless run, as pure functions of its records: steps, what is left, and the trend. */

/**
 * @typedef {import('../../src/protocol').StepRecord} StepRecord
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
  const parts = [`step ${String(step).padStart(width)}/${steps}`, `reward ${figure(metrics.reward)}`];
  for (const name of objectives) {
    const mean = metrics[`rewards/${name}/mean`];
    if (mean !== undefined) parts.push(`${name} ${figure(mean)}`);
  }
  parts.push(`kl ${figure(metrics.kl)}`);
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
    ...ends.map((end) => figure(mean(end.map((metrics) => metrics[key])))),
  ]);
  const heading = ['', `first ${window} steps`, `last ${window} steps`];
  return `While training, on the questions of each step (not an evaluation)\n${table([heading, ...rows])}`;
}

/** @param {readonly (number | undefined)[]} values */
function mean(values) {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** @param {number | undefined} value */
export function figure(value) {
  if (value === undefined) return '–';
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return value.toFixed(3);
}

/** @param {readonly (readonly string[])[]} rows first column left, the others right */
export function table(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const align = (/** @type {string} */ cell, /** @type {number} */ column) =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(align).join('   ')}`.trimEnd()).join('\n');
}
