/** `tokenizer.json` checked: what it must hold before a library is trusted with it. */
import { isObject, type JsonObject, tokenizerError } from './files';

const NAME = 'tokenizer.json';
const MAX_TOKENS = 2_000_000;
/** A chain of replacements can multiply a text's length; more than this is refused. */
const MAX_GROWTH = 16;

export interface TokenizerFile {
  /** The file, for the encoder. */
  readonly json: JsonObject;
  /** Highest id + 1. */
  readonly vocabularySize: number;
  /** Id → token as written; undefined where no token has the id. */
  readonly tokens: readonly (string | undefined)[];
  readonly idOf: ReadonlyMap<string, number>;
  readonly addedIds: ReadonlySet<number>;
  readonly specialIds: ReadonlySet<number>;
}

/** @throws StudioError `tokenizer-malformed`, `tokenizer-unsupported` */
export function checkTokenizerFile(content: JsonObject): TokenizerFile {
  const model = content.model;
  if (!isObject(model)) throw malformed('expected an object in the field model');
  const type = model.type ?? 'BPE';
  if (type !== 'BPE' || !mentions(content.decoder, 'ByteLevel')) {
    const received = type === 'BPE' ? 'BPE without the byte alphabet (SentencePiece)' : JSON.stringify(type);
    throw tokenizerError(
      'tokenizer-unsupported',
      NAME,
      `expected byte-level BPE, received ${received.slice(0, 80)}`,
      'Choose a model of the Qwen2, Qwen2.5, Qwen3, Llama 3 or SmolLM2 families.',
    );
  }
  if (!isObject(model.vocab)) throw malformed('expected an object of tokens and ids in model.vocab');
  checkMerges(model.merges);
  const growth = longestGrowth(content.normalizer) * longestGrowth(content.pre_tokenizer);
  if (growth > MAX_GROWTH) {
    throw malformed(
      `expected replacements that lengthen a text at most ${MAX_GROWTH} times, received ${growth} times`,
    );
  }

  const tokens: (string | undefined)[] = [];
  const idOf = new Map<string, number>();
  const add = (token: string, id: unknown): number => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= MAX_TOKENS) {
      throw malformed(
        `expected the id of ${JSON.stringify(token.slice(0, 40))} to be an integer from 0 to ${MAX_TOKENS - 1}, received ${JSON.stringify(id)}`,
      );
    }
    if (tokens[id] !== undefined && tokens[id] !== token) {
      throw malformed(
        `expected one token per id, received ${JSON.stringify(tokens[id])} and ${JSON.stringify(token)} for ${id}`,
      );
    }
    tokens[id] = token;
    idOf.set(token, id);
    return id;
  };
  for (const [token, id] of Object.entries(model.vocab)) add(token, id);
  const addedIds = new Set<number>();
  const specialIds = new Set<number>();
  const added = content.added_tokens ?? [];
  if (!Array.isArray(added)) throw malformed('expected a list in added_tokens');
  for (const entry of added as unknown[]) {
    if (!isObject(entry) || typeof entry.content !== 'string' || entry.content === '') {
      throw malformed('expected added_tokens to be objects with id and content');
    }
    const id = add(entry.content, entry.id);
    addedIds.add(id);
    if (entry.special === true) specialIds.add(id);
  }
  if (tokens.length === 0) throw malformed('expected tokens in model.vocab, received none');
  // The library reads these fields without asking whether they are there.
  const json = {
    normalizer: null,
    post_processor: null,
    pre_tokenizer: null,
    ...content,
    added_tokens: added,
  };
  return { json, vocabularySize: tokens.length, tokens, idOf, addedIds, specialIds };
}

function checkMerges(merges: unknown): void {
  const isMerge = (merge: unknown): boolean =>
    typeof merge === 'string' ||
    (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string'));
  if (!Array.isArray(merges) || !merges.every(isMerge)) {
    throw malformed('expected a list of merges, "a b" or ["a", "b"], in model.merges');
  }
}

/** Whether a component, or one inside it, is of the type. */
function mentions(component: unknown, type: string): boolean {
  if (Array.isArray(component)) return component.some((part) => mentions(part, type));
  if (!isObject(component)) return false;
  return component.type === type || mentions(component.decoders, type);
}

/** How many times longer a text can get: the product over a chain of replacements. */
function longestGrowth(component: unknown): number {
  if (Array.isArray(component))
    return component.reduce((product: number, part) => product * longestGrowth(part), 1);
  if (!isObject(component)) return 1;
  const content = component.type === 'Replace' ? component.content : undefined;
  const own = typeof content === 'string' ? Math.max(1, content.length) : 1;
  return own * longestGrowth(component.normalizers) * longestGrowth(component.pretokenizers);
}

function malformed(sentence: string): Error {
  return tokenizerError('tokenizer-malformed', NAME, sentence);
}
