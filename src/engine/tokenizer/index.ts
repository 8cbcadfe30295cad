/**
 * The tokenizer of a Hugging Face folder: text ↔ token ids, the place of every token in the decoded
 * text, and the chat template. Byte-level BPE only (Llama 3, Qwen2, Qwen3, SmolLM2, and what
 * `train.ts` writes).
 *
 * Encoding is the library's; decoding is our own over the byte alphabet, so that text and places
 * cannot disagree, and so that no space is "cleaned up" behind the reward's back.
 */
import { Tokenizer as Encoder } from '@huggingface/tokenizers';
import { StudioError } from '../../protocol';
import type { Folder } from '../files';
import { tokenBytes } from './bytes';
import { type ChatMessage, type ChatRenderer, compileChatTemplate, plainChat } from './chat';
import { isObject, type JsonObject, readObject, readText, tokenizerError } from './files';
import { checkTokenizerFile, type TokenizerFile } from './tokenizer-file';
import { decodeUtf8 } from './utf8';

export type { ChatMessage } from './chat';
export { plainChat } from './chat';

export interface Tokenizer {
  /** Ids run from 0 to this, exclusive; the model may have more rows, which no text uses. */
  readonly vocabularySize: number;
  /** A completion ends at the first of these. At least one. */
  readonly eosTokenIds: readonly number[];
  /** The tokenizer's own end token as text; the rewards cut a completion there. Never empty. */
  readonly eosToken: string;
  readonly padTokenId: number;
  /** Special tokens in the text become their ids; none is added. @throws StudioError `text-not-encodable` */
  encode(text: string): number[];
  /** Unknown ids decode to nothing, broken UTF-8 to U+FFFD. `skipSpecial` leaves special tokens out. */
  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string;
  /**
   * For each token the [start, end) range, in UTF-16 code units of `decode(ids, {skipSpecial: false})`,
   * of the characters that its bytes touch. Tokens that share a character share its range.
   */
  offsets(ids: readonly number[]): readonly { start: number; end: number }[];
  /** By the model's chat template; without one, the contents with an empty line between them. */
  renderChat(messages: readonly ChatMessage[], options: { readonly addGenerationPrompt: boolean }): string;
}

const MAX_TOKENIZER_BYTES = 96 * 1024 * 1024;
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
const CONFIG = 'tokenizer_config.json';
/** Words, digits, marks, spaces, and characters of two, three and four bytes. */
const PROBE = 'It is 38.5 °C,\r\n  "≥ 12" ✓ 🩺\t<a>';

/**
 * Opens the tokenizer in a model's folder: `tokenizer.json`, and where present
 * `tokenizer_config.json`, `generation_config.json`, `chat_template.jinja`, and `config.json` for
 * the size of the model's vocabulary.
 *
 * @throws StudioError of boundary `model`: `tokenizer-missing`, `tokenizer-malformed`,
 *   `tokenizer-unsupported`, `tokenizer-file-too-large`, `tokenizer-no-eos`,
 *   `vocabulary-larger-than-model`, `chat-template-invalid`
 */
export async function openTokenizer(folder: Folder): Promise<Tokenizer> {
  const content = await readObject(folder, 'tokenizer.json', MAX_TOKENIZER_BYTES);
  if (content === null) {
    throw new StudioError({
      boundary: 'model',
      code: 'tokenizer-missing',
      message: 'tokenizer.json: expected it in the model’s folder, received a model without a tokenizer.',
      action: 'Add tokenizer.json and tokenizer_config.json from the model’s release to the folder.',
      file: 'tokenizer.json',
    });
  }
  const file = checkTokenizerFile(content);
  const config = (await readObject(folder, CONFIG, MAX_CONFIG_BYTES)) ?? {};
  const generation = (await readObject(folder, 'generation_config.json', MAX_CONFIG_BYTES)) ?? {};
  const model = await readObject(folder, 'config.json', MAX_CONFIG_BYTES);
  const rows = model?.vocab_size;
  if (typeof rows === 'number' && file.vocabularySize > rows) {
    throw tokenizerError(
      'vocabulary-larger-than-model',
      'tokenizer.json',
      `expected at most ${rows} tokens, the model's vocabulary, received ${file.vocabularySize}`,
    );
  }
  const named = readNamedTokens(config);
  const eosTokenIds = readEosIds(generation, named, file);
  const eosToken = named.eos_token ?? file.tokens[eosTokenIds[0]!];
  if (eosToken === undefined) {
    const sentence = `expected eos_token_id ${eosTokenIds[0]} to be a token, received an id without one`;
    throw tokenizerError('tokenizer-no-eos', 'generation_config.json', sentence);
  }
  return new ByteLevelTokenizer(file, {
    encoder: createEncoder(file),
    eosTokenIds,
    eosToken,
    padTokenId: file.idOf.get(named.pad_token ?? '') ?? eosTokenIds[0]!,
    chat: await readChatTemplate(folder, config, named),
  });
}

interface Parts {
  readonly encoder: Encoder;
  readonly eosTokenIds: readonly number[];
  readonly eosToken: string;
  readonly padTokenId: number;
  readonly chat: ChatRenderer;
}

class ByteLevelTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly eosTokenIds: readonly number[];
  readonly eosToken: string;
  readonly padTokenId: number;
  readonly #file: TokenizerFile;
  readonly #encoder: Encoder;
  readonly #chat: ChatRenderer;
  readonly #special: ReadonlySet<number>;
  readonly #bytes = new Map<number, Uint8Array<ArrayBuffer>>();

  constructor(file: TokenizerFile, parts: Parts) {
    this.#file = file;
    this.#encoder = parts.encoder;
    this.#chat = parts.chat;
    this.vocabularySize = file.vocabularySize;
    this.eosTokenIds = parts.eosTokenIds;
    this.eosToken = parts.eosToken;
    this.padTokenId = parts.padTokenId;
    this.#special = new Set([...file.specialIds, ...parts.eosTokenIds, parts.padTokenId]);
  }

  encode(text: string): number[] {
    if (text === '') return [];
    const { ids } = this.#encoder.encode(text, { add_special_tokens: false });
    // The library drops what it cannot spell, without a word; a prompt must not lose text unseen.
    if (!this.#spells(ids, text)) {
      throw tokenizerError(
        'text-not-encodable',
        'tokenizer.json',
        `expected a tokenizer that spells ${JSON.stringify(text.slice(0, 60))}, received one that loses part of it`,
      );
    }
    return ids;
  }

  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string {
    const kept = options.skipSpecial ? ids.filter((id) => !this.#special.has(id)) : ids;
    return decodeUtf8(this.#joinedBytes(kept)).text;
  }

  offsets(ids: readonly number[]): readonly { start: number; end: number }[] {
    const { starts, ends } = decodeUtf8(this.#joinedBytes(ids));
    let at = 0;
    return ids.map((id) => {
      const from = at;
      at += this.#bytesOf(id).length;
      // A token without bytes stands, empty, behind what came before it.
      const start = from === at ? (ends[from - 1] ?? 0) : starts[from]!;
      return { start, end: ends[at - 1] ?? 0 };
    });
  }

  renderChat(messages: readonly ChatMessage[], options: { readonly addGenerationPrompt: boolean }): string {
    return this.#chat(messages, options.addGenerationPrompt);
  }

  /** Whether the ids say what the text says, after normalization; a space more or less is let pass. */
  #spells(ids: readonly number[], text: string): boolean {
    const spelled = this.decode(ids, { skipSpecial: false });
    if (spelled === text) return true;
    const wellFormed = new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));
    const expected = this.#encoder.normalizer?.normalize(wellFormed) ?? wellFormed;
    return spelled.replace(/\s+/g, '') === expected.replace(/\s+/g, '');
  }

  #joinedBytes(ids: readonly number[]): Uint8Array {
    const joined = new Uint8Array(ids.reduce((sum, id) => sum + this.#bytesOf(id).length, 0));
    let at = 0;
    for (const id of ids) {
      const bytes = this.#bytesOf(id);
      joined.set(bytes, at);
      at += bytes.length;
    }
    return joined;
  }

  #bytesOf(id: number): Uint8Array<ArrayBuffer> {
    let bytes = this.#bytes.get(id);
    if (bytes === undefined) {
      const token = this.#file.tokens[id] ?? '';
      // An added token is written as itself, every other in the byte alphabet.
      bytes = (this.#file.addedIds.has(id) ? null : tokenBytes(token)) ?? new TextEncoder().encode(token);
      this.#bytes.set(id, bytes);
    }
    return bytes;
  }
}

function createEncoder(file: TokenizerFile): Encoder {
  try {
    const encoder = new Encoder(file.json, {});
    // Some faults of a component show only when it runs.
    encoder.encode(PROBE, { add_special_tokens: false });
    return encoder;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw tokenizerError(
      'tokenizer-unsupported',
      'tokenizer.json',
      `it could not be used: ${reason.slice(0, 200)}`,
    );
  }
}

/** `bos_token`, `eos_token`, … of tokenizer_config.json: a text, or an object with `content`. */
function readNamedTokens(config: JsonObject): Record<string, string> {
  const named: Record<string, string> = {};
  for (const name of ['bos_token', 'eos_token', 'pad_token', 'unk_token']) {
    const value = config[name];
    const token = isObject(value) ? value.content : value;
    if (typeof token === 'string' && token !== '') named[name] = token;
  }
  return named;
}

/** From generation_config.json (a number or a list), else the tokenizer's own end token. */
function readEosIds(
  generation: JsonObject,
  named: Readonly<Record<string, string>>,
  file: TokenizerFile,
): readonly number[] {
  const given = generation.eos_token_id;
  const ids: unknown[] = (Array.isArray(given) ? given : [given]).filter(
    (id) => id !== undefined && id !== null,
  );
  const wrong = ids.find((id) => !Number.isInteger(id) || (id as number) < 0);
  if (wrong !== undefined) {
    const sentence = `expected eos_token_id to be token ids, received ${JSON.stringify(wrong)}`;
    throw tokenizerError('tokenizer-no-eos', 'generation_config.json', sentence);
  }
  if (ids.length > 0) return ids as number[];
  const eos = named.eos_token;
  const id = eos === undefined ? undefined : file.idOf.get(eos);
  if (id === undefined) {
    const received = eos === undefined ? 'none' : JSON.stringify(eos);
    throw tokenizerError(
      'tokenizer-no-eos',
      CONFIG,
      `expected an eos_token that is in tokenizer.json, received ${received}`,
      'Add generation_config.json with eos_token_id, or tokenizer_config.json with eos_token.',
    );
  }
  return [id];
}

async function readChatTemplate(
  folder: Folder,
  config: JsonObject,
  named: Readonly<Record<string, string>>,
): Promise<ChatRenderer> {
  const text = await readText(folder, 'chat_template.jinja', MAX_CONFIG_BYTES);
  if (text !== null) return compileChatTemplate(text, 'chat_template.jinja', named);
  const given = config.chat_template;
  // A list names several templates; the one for plain conversations is "default".
  const template = Array.isArray(given)
    ? (given.find((entry) => isObject(entry) && entry.name === 'default') as JsonObject | undefined)?.template
    : given;
  if (template === undefined || template === null) return plainChat;
  if (typeof template !== 'string') {
    throw tokenizerError('chat-template-invalid', CONFIG, 'expected chat_template to be a text');
  }
  return compileChatTemplate(template, CONFIG, named);
}
