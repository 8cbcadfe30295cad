/**
 * The baseline's rollout: the prompts in one pass, then token by token with keys and values that grow
 * by concatenation; the logits are read and the token is drawn on the CPU.
 */
import { uniform } from '../random';
// Not '../tensor': see plain-model.
import { tf } from '../tensor/tf';
import { hiddenStates, type KeysAndValues, logitsOf, type PlainModel, sequenceTables } from './plain-model';

/** `tokens` sampled tokens for each of the equally long prompts, drawn with uniform(seed, 'sampling', row, p). */
export async function plainRollout(
  model: PlainModel,
  prompts: readonly (readonly number[])[],
  tokens: number,
  seed: number,
): Promise<number[][]> {
  const completions: number[][] = prompts.map(() => []);
  let past: KeysAndValues[] | null = null;
  let fed: readonly (readonly number[])[] = prompts;
  let position = 0;
  for (let index = 0; index < tokens; index++) {
    const { logits, layers } = advance(model, fed, position, past);
    if (past !== null) tf.dispose(past.flatMap(({ keys, values }) => [keys, values]));
    past = layers;
    position += fed[0]!.length;
    const values = (await logits.data()) as Float32Array;
    logits.dispose();
    const vocabulary = model.config.vocabularySize;
    fed = completions.map((completion, row) => {
      const ofRow = values.subarray(row * vocabulary, (row + 1) * vocabulary);
      completion.push(draw(ofRow, uniform(seed, 'sampling', row, index)));
      return completion.slice(-1);
    });
  }
  if (past !== null) tf.dispose(past.flatMap(({ keys, values }) => [keys, values]));
  return completions;
}

/** One pass: logits [rows, V] after the last token fed, and every layer's keys and values. */
function advance(
  model: PlainModel,
  fed: readonly (readonly number[])[],
  position: number,
  past: readonly KeysAndValues[] | null,
): { logits: tf.Tensor2D; layers: KeysAndValues[] } {
  const layers: KeysAndValues[] = [];
  const logits = tf.tidy(() => {
    const length = fed[0]!.length;
    const tables = sequenceTables(model.config, length, position);
    const ids = tf.tensor1d(fed.flat(), 'int32');
    const hidden = hiddenStates(model, ids, tables, past, ({ keys, values }) =>
      layers.push({ keys: tf.keep(keys), values: tf.keep(values) }),
    );
    const width = model.config.hiddenSize;
    const last = tf.slice(tf.reshape(hidden, [fed.length, length, width]), [0, length - 1, 0], [-1, 1, -1]);
    return logitsOf(model, tf.reshape(last, [fed.length, width]));
  });
  return { logits, layers };
}

/** By inverting the cumulative softmax; `chance` in [0, 1). */
function draw(logits: Float32Array, chance: number): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) highest = Math.max(highest, logit);
  const weights = Array.from(logits, (logit) => Math.exp(logit - highest));
  let remaining = chance * weights.reduce((sum, weight) => sum + weight, 0);
  const drawn = weights.findIndex((weight) => {
    remaining -= weight;
    return remaining < 0;
  });
  return drawn === -1 ? logits.length - 1 : drawn;
}
