import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { openTokenizer } from '../../../src/engine/tokenizer';
import { decodeUtf8 } from '../../../src/engine/tokenizer/utf8';
import { StudioError } from '../../../src/protocol';
import { folderOf, readReference, readTokenizerJson, tokenizerFolder } from './folder';

const reference = readReference();

async function failure(promise: Promise<unknown>): Promise<StudioError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StudioError);
  return error as StudioError;
}

describe.each(reference.variants)(`against the Rust library: $name`, ({ patch, encodings, decodings }) => {
  const opening = openTokenizer(tokenizerFolder({ 'tokenizer.json': { ...readTokenizerJson(), ...patch } }));

  it('encodes to the same ids', async () => {
    const tokenizer = await opening;
    for (const { text, ids } of encodings) expect(tokenizer.encode(text)).toEqual(ids);
  });

  it('finds the same places', async () => {
    const tokenizer = await opening;
    let compared = 0;
    for (const { text, ids, offsets } of encodings) {
      const decoded = tokenizer.decode(ids, { skipSpecial: false });
      expect(decoded).toBe(text);
      // The reference counts code points.
      const units = [0];
      for (const character of text) units.push(units.at(-1)! + character.length);
      const expected = offsets.map(([start, end]) => ({ start: units[start], end: units[end] }));
      expect(tokenizer.offsets(ids)).toEqual(expected);
      compared += offsets.length;
    }
    expect(compared).toBeGreaterThan(200);
  });

  it('decodes any ids to the same text, broken characters included', async () => {
    const tokenizer = await opening;
    for (const { ids, whole, skipped } of decodings) {
      expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(whole);
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(skipped);
    }
  });
});

describe('Tokenizer', () => {
  it('round-trips every text and covers it with ranges in order', async () => {
    const tokenizer = await openTokenizer(tokenizerFolder());
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const ids = tokenizer.encode(text);
        expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(text);
        let reached = 0;
        for (const { start, end } of tokenizer.offsets(ids)) {
          expect(start).toBeLessThanOrEqual(reached);
          expect(end).toBeGreaterThanOrEqual(reached);
          reached = end;
        }
        expect(reached).toBe(text.length);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('lets the tokens of one character share its range, and gives unknown ids an empty one', async () => {
    const tokenizer = await openTokenizer(tokenizerFolder());
    // 🩺 is F0 9F A9 BA in UTF-8: four byte tokens, two UTF-16 units.
    const ids = tokenizer.encode('a🩺b');
    expect(ids).toHaveLength(6);
    const shared = { start: 1, end: 3 };
    expect(tokenizer.offsets(ids)).toEqual([
      { start: 0, end: 1 },
      shared,
      shared,
      shared,
      shared,
      { start: 3, end: 4 },
    ]);
    const unknown = tokenizer.vocabularySize + 7;
    expect(tokenizer.offsets([unknown, ids[0]!, unknown])).toEqual([
      { start: 0, end: 0 },
      { start: 0, end: 1 },
      { start: 1, end: 1 },
    ]);
    expect(tokenizer.decode([unknown], { skipSpecial: false })).toBe('');
  });

  it('takes the end tokens from generation_config.json, else from tokenizer_config.json', async () => {
    const plain = await openTokenizer(tokenizerFolder());
    expect([plain.eosTokenIds, plain.eosToken, plain.padTokenId]).toEqual([[2], '<|im_end|>', 0]);
    const list = await openTokenizer(tokenizerFolder({ 'generation_config.json': { eos_token_id: [2, 0] } }));
    expect(list.eosTokenIds).toEqual([2, 0]);
    const alone = await openTokenizer(
      tokenizerFolder({ 'generation_config.json': { eos_token_id: 0 }, 'tokenizer_config.json': undefined }),
    );
    expect([alone.eosTokenIds, alone.eosToken, alone.padTokenId]).toEqual([[0], '<|endoftext|>', 0]);
    const object = await openTokenizer(
      tokenizerFolder({ 'tokenizer_config.json': { eos_token: { content: '<|endoftext|>' } } }),
    );
    expect(object.eosTokenIds).toEqual([0]);
  });

  it('does not let a text that the vocabulary cannot spell lose characters', async () => {
    const json = readTokenizerJson() as { model: { vocab: Record<string, number>; merges: string[] } };
    delete json.model.vocab['~'];
    const tokenizer = await openTokenizer(tokenizerFolder({ 'tokenizer.json': json }));
    expect(tokenizer.decode(tokenizer.encode('pain'), { skipSpecial: false })).toBe('pain');
    expect(() => tokenizer.encode('pain ~ 2 h')).toThrow(StudioError);
    // A pattern that the library does not know makes it drop everything.
    const lossy = {
      ...readTokenizerJson(),
      pre_tokenizer: { type: 'Split', pattern: {}, behavior: 'Isolated' },
    };
    const dropping = await openTokenizer(tokenizerFolder({ 'tokenizer.json': lossy }));
    expect(() => dropping.encode('pain')).toThrow(StudioError);
  });

  it('encodes half a surrogate pair as the replacement character', async () => {
    const tokenizer = await openTokenizer(tokenizerFolder());
    expect(tokenizer.decode(tokenizer.encode('a\ud83eb'), { skipSpecial: false })).toBe('a\ufffdb');
  });
});

describe('openTokenizer on bad folders', () => {
  const base = readTokenizerJson() as { model: object; added_tokens: object[] };
  it.each([
    ['no tokenizer.json', { 'tokenizer.json': undefined }, 'tokenizer-missing'],
    ['not JSON', { 'tokenizer.json': '{"model": ' }, 'tokenizer-malformed'],
    ['a JSON array', { 'tokenizer.json': '[]' }, 'tokenizer-malformed'],
    ['five million levels', { 'tokenizer.json': `{"model":${'['.repeat(5_000_000)}` }, 'tokenizer-malformed'],
    ['no model', { 'tokenizer.json': {} }, 'tokenizer-malformed'],
    [
      'no vocabulary',
      { 'tokenizer.json': { ...base, model: { ...base.model, vocab: 3 } } },
      'tokenizer-malformed',
    ],
    [
      'a fractional id',
      { 'tokenizer.json': { ...base, model: { ...base.model, vocab: { a: 0.5 } } } },
      'tokenizer-malformed',
    ],
    [
      'two tokens with one id',
      { 'tokenizer.json': { ...base, model: { ...base.model, vocab: { a: 9, b: 9 } } } },
      'tokenizer-malformed',
    ],
    [
      'merges that are numbers',
      { 'tokenizer.json': { ...base, model: { ...base.model, merges: [1] } } },
      'tokenizer-malformed',
    ],
    [
      'an added token without text',
      { 'tokenizer.json': { ...base, added_tokens: [{ id: 1 }] } },
      'tokenizer-malformed',
    ],
    [
      'another kind of model',
      { 'tokenizer.json': { ...base, model: { ...base.model, type: 'Unigram' } } },
      'tokenizer-unsupported',
    ],
    [
      'SentencePiece',
      { 'tokenizer.json': { ...base, decoder: { type: 'Metaspace' } } },
      'tokenizer-unsupported',
    ],
    [
      'an unknown component',
      { 'tokenizer.json': { ...base, normalizer: { type: 'Nonsense' } } },
      'tokenizer-unsupported',
    ],
    [
      'a chain of replacements that explodes',
      {
        'tokenizer.json': {
          ...base,
          normalizer: {
            type: 'Sequence',
            normalizers: Array.from({ length: 9 }, () => ({
              type: 'Replace',
              pattern: { String: 'a' },
              content: 'aa',
            })),
          },
        },
      },
      'tokenizer-malformed',
    ],
    ['no end token', { 'tokenizer_config.json': undefined }, 'tokenizer-no-eos'],
    [
      'an end token that is not in the vocabulary',
      { 'tokenizer_config.json': { eos_token: '<eos>' } },
      'tokenizer-no-eos',
    ],
    [
      'an end token id that is no number',
      { 'generation_config.json': { eos_token_id: ['2'] } },
      'tokenizer-no-eos',
    ],
    [
      'an end token id without a token',
      { 'generation_config.json': { eos_token_id: 9999 }, 'tokenizer_config.json': {} },
      'tokenizer-no-eos',
    ],
    [
      'more tokens than the model has',
      { 'config.json': { vocab_size: 100 } },
      'vocabulary-larger-than-model',
    ],
    ['a template that does not parse', { 'chat_template.jinja': '{% for %}' }, 'chat-template-invalid'],
    [
      'a template that is a number',
      { 'tokenizer_config.json': { eos_token: '<|im_end|>', chat_template: 3 } },
      'chat-template-invalid',
    ],
  ] as const)('%s', async (_, changes, code) => {
    const { record } = await failure(openTokenizer(tokenizerFolder(changes)));
    expect(record.code).toBe(code);
    expect(record.boundary).toBe('model');
    expect(record.action).toBeTruthy();
    expect(record.message).toContain(record.file);
  });

  it('throws nothing but StudioError, now or when it is used, whatever is put in the place of any part', async () => {
    const paths: string[][] = [];
    // The library prints what it does not know.
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const collect = (value: unknown, path: string[]): void => {
      paths.push(path);
      if (typeof value !== 'object' || value === null) return;
      const vocabulary = path.at(-1) === 'vocab' || path.at(-1) === 'merges';
      const entries = Object.entries(value);
      for (const [key, part] of vocabulary ? entries.slice(0, 4) : entries) collect(part, [...path, key]);
    };
    const qwen = { ...readTokenizerJson(), ...reference.variants.find(({ name }) => name === 'qwen')?.patch };
    collect(qwen, []);
    const junk = fc.constantFrom<unknown>(
      null,
      0,
      -1,
      1e9,
      'x',
      '',
      [],
      [[]],
      {},
      true,
      { type: 'BPE' },
      { type: 'Split' },
      { Regex: '(' },
    );
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths.slice(1)), junk, async (path, value) => {
        const changed = structuredClone(qwen) as Record<string, unknown>;
        let at = changed;
        for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
        at[path.at(-1)!] = value;
        try {
          const tokenizer = await openTokenizer(tokenizerFolder({ 'tokenizer.json': changed }));
          // `lstrip` takes spaces away, so they are not compared.
          const text = 'Fever_of_38.5°C <|im_end|> 🩺';
          const decoded = tokenizer.decode(tokenizer.encode(text), { skipSpecial: false });
          expect(decoded.replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
          opened++;
        } catch (error) {
          expect(error).toBeInstanceOf(StudioError);
        }
      }),
      { seed: 13, numRuns: 400 },
    );
    expect(opened).toBeGreaterThan(20);
    warn.mockRestore();
  });

  it('refuses a file larger than the limit without reading it', async () => {
    const folder = new Map(folderOf({}));
    folder.set('tokenizer.json', {
      name: 'tokenizer.json',
      size: 10 ** 10,
      read: () => Promise.reject(new Error('must not be read')),
    });
    expect((await failure(openTokenizer(folder))).record.code).toBe('tokenizer-file-too-large');
  });
});

describe('decodeUtf8', () => {
  it('equals TextDecoder on any bytes', () => {
    // Bytes near the borders of UTF-8's ranges, where faults hide.
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(
        0x7f,
        0x80,
        0x8f,
        0x90,
        0x9f,
        0xa0,
        0xbf,
        0xc0,
        0xc1,
        0xc2,
        0xdf,
        0xe0,
        0xed,
        0xef,
        0xf0,
        0xf4,
        0xf5,
      ),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 24 }), (values) => {
        const bytes = Uint8Array.from(values);
        const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
        const { text, starts, ends } = decodeUtf8(bytes);
        expect(text).toBe(expected);
        for (let i = 0; i < bytes.length; i++) {
          expect(ends[i]! - starts[i]!).toBe(text.codePointAt(starts[i]!)! > 0xffff ? 2 : 1);
          if (i > 0) expect(starts[i] === starts[i - 1] || starts[i] === ends[i - 1]).toBe(true);
        }
      }),
      { seed: 3, numRuns: 3000 },
    );
  });
});
