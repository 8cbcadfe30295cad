/**
 * Trains a byte-level BPE tokenizer (Sennrich et al. 2016 on GPT-2's byte alphabet) and writes it
 * as a Hugging Face `tokenizer.json`.
 *
 * Promises: the same texts give the same file, byte for byte (ties go to the pair with the lower
 * ids); all 256 bytes are in the vocabulary, so any text can be encoded and decoded without loss.
 * Departs from the Hugging Face trainer in that a pair must occur at least twice to be merged.
 */
import { StudioError } from '../../protocol';
import { CHARACTER_OF_BYTE } from './bytes';

/** GPT-2's split into words; a `ByteLevel` pre-tokenizer with `use_regex` applies the same one. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
const LEAST_COUNT = 2;

interface BpeTrainingOptions {
  /** Special tokens and the 256 bytes included. A small corpus may yield fewer. */
  readonly vocabularySize: number;
  /** They get the ids 0, 1, …, are never split or merged, and `skipSpecial` leaves them out. */
  readonly specialTokens: readonly string[];
}

interface TrainedTokenizer {
  /** The contents of `tokenizer.json`. */
  readonly tokenizerJson: string;
  /** Entries in fact: at most the size asked for. */
  readonly vocabularySize: number;
}

interface Word {
  symbols: number[];
  readonly count: number;
}

interface Pair {
  readonly left: number;
  readonly right: number;
  /** Occurrences in the corpus now. */
  count: number;
  /** Indices of words that held the pair at some time. */
  readonly words: Set<number>;
}

/** A pair with the count it had when it was queued; counts change, so the queue's top may be stale. */
interface Candidate {
  readonly pair: Pair;
  readonly count: number;
}

export function trainByteLevelBpe(texts: Iterable<string>, options: BpeTrainingOptions): TrainedTokenizer {
  const { vocabularySize, specialTokens } = options;
  const alphabet = [...CHARACTER_OF_BYTE].sort();
  const vocabulary = [...specialTokens, ...alphabet];
  if (vocabularySize < vocabulary.length) {
    throw new StudioError({
      boundary: 'model',
      code: 'vocabulary-too-small',
      message: `Tokenizer: expected a vocabulary of at least ${vocabulary.length} (256 bytes and the special tokens), received ${vocabularySize}.`,
      action: 'Ask for a larger vocabulary.',
    });
  }
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const words = countWords(texts, specialTokens, idOf);
  const merges: string[] = [];
  const pairs = new PairTable();
  words.forEach((word, index) => {
    pairs.addWord(word, index);
  });
  pairs.queueTouched();

  while (vocabulary.length < vocabularySize) {
    const pair = pairs.takeMostFrequent();
    if (pair === null) break;
    const left = vocabulary[pair.left]!;
    const right = vocabulary[pair.right]!;
    merges.push(`${left} ${right}`);
    // Two different pairs can spell the same token; then it keeps its first id.
    let merged = idOf.get(left + right);
    if (merged === undefined) {
      merged = vocabulary.length;
      vocabulary.push(left + right);
      idOf.set(left + right, merged);
    }
    for (const index of pair.words) {
      const word = words[index]!;
      pairs.removeWord(word);
      word.symbols = mergePair(word.symbols, pair.left, pair.right, merged);
      pairs.addWord(word, index);
    }
    pairs.queueTouched();
  }
  return {
    tokenizerJson: tokenizerJson(vocabulary, merges, specialTokens),
    vocabularySize: vocabulary.length,
  };
}

function countWords(
  texts: Iterable<string>,
  specialTokens: readonly string[],
  idOf: ReadonlyMap<string, number>,
): Word[] {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const part of splitAt(text, specialTokens)) {
      for (const [word] of part.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({
    symbols: Array.from(encoder.encode(word), (byte) => idOf.get(CHARACTER_OF_BYTE[byte]!)!),
    count,
  }));
}

function splitAt(text: string, separators: readonly string[]): string[] {
  let parts = [text];
  for (const separator of separators) parts = parts.flatMap((part) => part.split(separator));
  return parts;
}

function mergePair(symbols: readonly number[], left: number, right: number, merged: number): number[] {
  const result: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      result.push(merged);
      i++;
    } else {
      result.push(symbols[i]!);
    }
  }
  return result;
}

/** The pairs of all words with their counts, and a binary heap that yields the most frequent. */
class PairTable {
  readonly #pairs = new Map<number, Pair>();
  readonly #touched = new Set<Pair>();
  readonly #heap: Candidate[] = [];

  addWord(word: Word, index: number): void {
    for (const pair of this.#pairsOf(word)) {
      pair.count += word.count;
      pair.words.add(index);
      this.#touched.add(pair);
    }
  }

  removeWord(word: Word): void {
    for (const pair of this.#pairsOf(word)) {
      pair.count -= word.count;
      this.#touched.add(pair);
    }
  }

  queueTouched(): void {
    for (const pair of this.#touched) if (pair.count >= LEAST_COUNT) this.#push({ pair, count: pair.count });
    this.#touched.clear();
  }

  takeMostFrequent(): Pair | null {
    for (let top = this.#pop(); top !== null; top = this.#pop()) {
      if (top.count === top.pair.count) return top.pair;
    }
    return null;
  }

  *#pairsOf(word: Word): Generator<Pair> {
    for (let i = 0; i + 1 < word.symbols.length; i++) {
      const left = word.symbols[i]!;
      const right = word.symbols[i + 1]!;
      const key = left * 0x1000000 + right;
      let pair = this.#pairs.get(key);
      if (pair === undefined) {
        pair = { left, right, count: 0, words: new Set() };
        this.#pairs.set(key, pair);
      }
      yield pair;
    }
  }

  #push(candidate: Candidate): void {
    const heap = this.#heap;
    let child = heap.push(candidate) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!comesBefore(heap[child]!, heap[parent]!)) break;
      [heap[child], heap[parent]] = [heap[parent]!, heap[child]!];
      child = parent;
    }
  }

  #pop(): Candidate | null {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return null;
    if (heap.length === 0) return top;
    heap[0] = last;
    for (let parent = 0; ; ) {
      let first = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && comesBefore(heap[child]!, heap[first]!)) first = child;
      }
      if (first === parent) return top;
      [heap[first], heap[parent]] = [heap[parent]!, heap[first]!];
      parent = first;
    }
  }
}

function comesBefore(a: Candidate, b: Candidate): boolean {
  if (a.count !== b.count) return a.count > b.count;
  if (a.pair.left !== b.pair.left) return a.pair.left < b.pair.left;
  return a.pair.right < b.pair.right;
}

function tokenizerJson(
  vocabulary: readonly string[],
  merges: readonly string[],
  specialTokens: readonly string[],
): string {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const file = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, ...flags })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}
