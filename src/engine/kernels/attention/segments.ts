/**
 * Who attends to whom, where sequences are packed one after the other and completions share their
 * prompt: every prompt lies there once, its completions follow it, group after group. A completion's
 * row attends to its whole prompt and to its own rows up to itself; a prompt's row to the prompt's up
 * to itself. So completions of one prompt never see one another.
 */

/** Lengths in tokens. */
export interface SegmentGroup {
  readonly prompt: number;
  /** May be empty: a sequence of its own. */
  readonly completions: readonly number[];
}

/** Two vectors of four per row, as `attention` reads them. */
export interface PackedSegments {
  readonly rows: number;
  /**
   * [rows, 4]: position in the sequence, ownStart, prefixStart, prefixEnd. The row attends to
   * [prefixStart, prefixEnd), which is empty in a prompt, and to [ownStart, row].
   */
  readonly segments: Int32Array<ArrayBuffer>;
  /**
   * [rows, 4]: ownEnd, childrenStart, childrenEnd, 0. To the row attend [row, ownEnd) and
   * [childrenStart, childrenEnd), which is empty in a completion.
   */
  readonly readers: Int32Array<ArrayBuffer>;
  /** (row, row attended to): what attention costs. */
  readonly pairs: number;
}

export function packSegments(groups: readonly SegmentGroup[]): PackedSegments {
  const lengths = groups.map(({ prompt, completions }) => prompt + sum(completions));
  const rows = sum(lengths);
  const segments = new Int32Array(rows * 4);
  const readers = new Int32Array(rows * 4);
  let pairs = 0;
  let start = 0;
  groups.forEach(({ prompt, completions }, group) => {
    const promptEnd = start + prompt;
    const groupEnd = start + lengths[group]!;
    for (let row = start; row < promptEnd; row++) {
      segments.set([row - start, start, start, start], row * 4);
      readers.set([promptEnd, promptEnd, groupEnd, 0], row * 4);
    }
    pairs += triangle(prompt);
    let ownStart = promptEnd;
    for (const length of completions) {
      const ownEnd = ownStart + length;
      for (let row = ownStart; row < ownEnd; row++) {
        segments.set([prompt + row - ownStart, ownStart, start, promptEnd], row * 4);
        readers.set([ownEnd, ownEnd, ownEnd, 0], row * 4);
      }
      pairs += triangle(length) + prompt * length;
      ownStart = ownEnd;
    }
    start = groupEnd;
  });
  return { rows, segments, readers, pairs };
}

function sum(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total + length, 0);
}

/** 1 + 2 + … + length. */
function triangle(length: number): number {
  return (length * (length + 1)) / 2;
}
