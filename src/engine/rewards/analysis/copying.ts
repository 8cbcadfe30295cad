/** Verbatim copies of the question: which words of a text stand in a run of eight that it has too. */
import type { Token } from './tokens';

/** Words of a copied run; a power of two. */
const COPIED_RUN = 8;

/** The runs of a text that have one length. */
export interface Runs {
  /** Stem → id. */
  readonly words: ReadonlyMap<string, number>;
  /** Per doubling, from single words on: a pair of ids → the id of the run twice as long. */
  readonly doublings: readonly ReadonlyMap<number, number>[];
  /** Above every id: makes one key of a pair. */
  readonly base: number;
  /** How many different runs there are. */
  readonly distinct: number;
}

/** Words and numbers; no signs. */
export function contentTokens(stream: readonly Token[]): Token[] {
  return stream.filter(({ kind }) => kind === 'word' || kind === 'number');
}

/** `length`: words of a run, a power of two. Linear, and exact: ids are no hashes. */
export function readRuns(content: readonly Token[], length: number = COPIED_RUN): Runs {
  const base = content.length + 1;
  const words = new Map<string, number>();
  const doublings: Map<number, number>[] = [];
  let ids = wordIds(content, (word) => idOf(words, word));
  for (let half = 1; half < length; half *= 2) {
    const longer = new Map<number, number>();
    ids = double(ids, half, (first, second) => idOf(longer, first * base + second));
    doublings.push(longer);
  }
  return { words, doublings, base, distinct: doublings.at(-1)?.size ?? words.size };
}

/** Per word of `content`: 1 if it stands in a run that `source` has too. */
export function markCopied(content: readonly Token[], source: Runs): Uint8Array {
  let ids = wordIds(content, (word) => source.words.get(word) ?? UNKNOWN);
  source.doublings.forEach((longer, step) => {
    ids = double(ids, 2 ** step, (first, second) =>
      first === UNKNOWN || second === UNKNOWN
        ? UNKNOWN
        : (longer.get(first * source.base + second) ?? UNKNOWN),
    );
  });
  const copied = new Uint8Array(content.length);
  for (let at = 0; at < ids.length; at++) {
    if (ids[at] !== UNKNOWN) copied.fill(1, at, at + COPIED_RUN);
  }
  return copied;
}

const UNKNOWN = -1;

function wordIds(content: readonly Token[], idOfStem: (stem: string) => number): Int32Array {
  const ids = new Int32Array(content.length);
  for (let at = 0; at < ids.length; at++) ids[at] = idOfStem(content[at]!.word.stem);
  return ids;
}

/** The runs at each place joined with those `half` words on, in the memory of `ids`. */
function double(ids: Int32Array, half: number, join: (first: number, second: number) => number): Int32Array {
  const count = Math.max(0, ids.length - half);
  for (let at = 0; at < count; at++) ids[at] = join(ids[at]!, ids[at + half]!);
  return ids.subarray(0, count);
}

function idOf<Key>(ids: Map<Key, number>, key: Key): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  ids.set(key, ids.size);
  return ids.size - 1;
}
