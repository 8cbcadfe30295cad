/**
 * Sequences of different lengths as the kernels take them: all tokens one after the other, so that
 * padding costs nothing, and a prompt that several completions share only once. The completions of a
 * group attend to the one copy of their prompt.
 *
 * A completion's last token is never fed: nothing is predicted from it.
 */
import type { TokenSequence } from '../crpo/batch';
import { ALIGNMENT, type Gpu, partOf, type View, type Workspace } from '../gpu';
import { packSegments } from '../kernels/attention';

export interface Packed {
  /** Tokens that go through the layers. */
  readonly rows: number;
  /** Their positions are below this. */
  readonly positions: number;
  /** [rows] */
  readonly ids: Int32Array<ArrayBuffer>;
  /** [rows, 4] each, see kernels/attention. */
  readonly segments: Int32Array<ArrayBuffer>;
  readonly readers: Int32Array<ArrayBuffer>;
  /** (row, row attended to): what attention costs. */
  readonly pairs: number;
  /** Completion tokens, sequence after sequence: what is predicted. */
  readonly count: number;
  /** [count] the row whose hidden state predicts each of them. */
  readonly index: Int32Array<ArrayBuffer>;
  /** [count] */
  readonly targets: Int32Array<ArrayBuffer>;
  /** For each row, what it predicts: members[starts[row] … starts[row + 1]). */
  readonly starts: Uint32Array<ArrayBuffer>;
  readonly members: Uint32Array<ArrayBuffer>;
  /** The distinct tokens of `ids`, and for each of them its rows. */
  readonly tokens: Int32Array<ArrayBuffer>;
  readonly tokenStarts: Uint32Array<ArrayBuffer>;
  readonly tokenRows: Uint32Array<ArrayBuffer>;
}

/** Neighbours with equal prompts share them. */
export function packSequences(sequences: readonly TokenSequence[]): Packed {
  const groups = groupByPrompt(sequences);
  const rows = groups.reduce(
    (sum, { prompt, completions }) =>
      completions.reduce((fed, { length }) => fed + length - 1, sum + prompt.length),
    0,
  );
  const count = sequences.reduce((sum, { completionTokens }) => sum + completionTokens.length, 0);
  const ids = new Int32Array(rows);
  const index = new Int32Array(count);
  const targets = new Int32Array(count);
  let row = 0;
  let target = 0;
  let positions = 1;
  for (const { prompt, completions } of groups) {
    ids.set(prompt, row);
    row += prompt.length;
    const lastOfPrompt = row - 1;
    for (const completion of completions) {
      completion.forEach((token, at) => {
        index[target] = at === 0 ? lastOfPrompt : row + at - 1;
        targets[target++] = token;
      });
      ids.set(completion.slice(0, -1), row);
      row += completion.length - 1;
      positions = Math.max(positions, prompt.length + completion.length - 1);
    }
    positions = Math.max(positions, prompt.length);
  }
  const shape = groups.map(({ prompt, completions }) => ({
    prompt: prompt.length,
    completions: completions.map(({ length }) => length - 1),
  }));
  const predicted = bucketsOf(index, rows);
  const byToken = tokenBuckets(ids);
  const { segments, readers, pairs } = packSegments(shape);
  return {
    ...{ rows, positions, ids, segments, readers, pairs },
    count,
    index,
    targets,
    starts: predicted.starts,
    members: predicted.members,
    ...byToken,
  };
}

/** Prompts alone, for prefill: nothing is predicted. */
export function packPrompts(prompts: readonly (readonly number[])[]): Packed {
  const ids = Int32Array.from(prompts.flat());
  const none = new Int32Array(0);
  const { rows, segments, readers, pairs } = packSegments(
    prompts.map(({ length }) => ({ prompt: length, completions: [] })),
  );
  return {
    ...{ rows, ids, segments, readers, pairs },
    positions: Math.max(...prompts.map(({ length }) => length)),
    count: 0,
    index: none,
    targets: none,
    starts: new Uint32Array(ids.length + 1),
    members: new Uint32Array(0),
    ...tokenBuckets(ids),
  };
}

/** The arrays of one micro-batch on the device. */
export type Uploaded<Name extends string> = Readonly<Record<Name, View>>;

/** Writes all arrays into one scratch buffer; give `whole` back when they have been used. */
export function uploadAll<Name extends string>(
  gpu: Gpu,
  workspace: Workspace,
  arrays: Readonly<Record<Name, Int32Array | Uint32Array | Float32Array>>,
): { readonly whole: View; readonly views: Uploaded<Name> } {
  const entries = Object.entries(arrays) as [Name, Int32Array | Uint32Array | Float32Array][];
  const aligned = (length: number) => Math.ceil(Math.max(1, length) / ALIGNMENT) * ALIGNMENT;
  const total = entries.reduce((sum, [, { length }]) => sum + aligned(length), 0);
  const words = new Uint32Array(total);
  const whole = workspace.take(total);
  let at = 0;
  const views = {} as Record<Name, View>;
  for (const [name, values] of entries) {
    words.set(new Uint32Array(values.buffer, values.byteOffset, values.length), at);
    views[name] = partOf(whole, at, Math.max(1, values.length));
    at += aligned(values.length);
  }
  gpu.write(whole, words);
  return { whole, views };
}

interface PromptGroup {
  readonly prompt: readonly number[];
  readonly completions: (readonly number[])[];
}

function groupByPrompt(sequences: readonly TokenSequence[]): PromptGroup[] {
  const groups: PromptGroup[] = [];
  for (const { promptTokens, completionTokens } of sequences) {
    const last = groups.at(-1);
    if (last !== undefined && equal(last.prompt, promptTokens)) last.completions.push(completionTokens);
    else groups.push({ prompt: promptTokens, completions: [completionTokens] });
  }
  return groups;
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((token, at) => token === b[at]));
}

/** Positions in `keys` by their value, below `size`, in ascending order. */
function bucketsOf(
  keys: Int32Array,
  size: number,
): { starts: Uint32Array<ArrayBuffer>; members: Uint32Array<ArrayBuffer> } {
  const starts = new Uint32Array(size + 1);
  for (const key of keys) starts[key + 1]! += 1;
  for (let key = 0; key < size; key++) starts[key + 1]! += starts[key]!;
  const next = starts.slice();
  const members = new Uint32Array(keys.length);
  keys.forEach((key, position) => {
    members[next[key]!++] = position;
  });
  return { starts, members };
}

function tokenBuckets(ids: Int32Array): Pick<Packed, 'tokens' | 'tokenStarts' | 'tokenRows'> {
  const tokens = Int32Array.from(new Set(ids)).sort();
  const place = new Map(Array.from(tokens, (token, at) => [token, at]));
  const { starts, members } = bucketsOf(
    ids.map((id) => place.get(id)!),
    tokens.length,
  );
  return { tokens, tokenStarts: starts, tokenRows: members };
}
