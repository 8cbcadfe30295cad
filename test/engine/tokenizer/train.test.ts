import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainByteLevelBpe } from '../../../src/engine/tokenizer/train';
import { StudioError } from '../../../src/protocol';

const TEXTS = [
  'A 54-year-old man has chest pain. The pain radiates to the left arm.',
  'A 31-year-old woman has fever and dysuria; the temperature is 38.5°C.',
  'The most likely diagnosis is pyelonephritis, because of the fever and the flank pain.',
];

function load(tokenizerJson: string): Tokenizer {
  return new Tokenizer(JSON.parse(tokenizerJson) as object, {});
}

function encode(tokenizer: Tokenizer, text: string): number[] {
  return tokenizer.encode(text, { add_special_tokens: false }).ids;
}

function decode(tokenizer: Tokenizer, ids: number[]): string {
  return ids.length === 0
    ? ''
    : tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
}

describe('trainByteLevelBpe', () => {
  it('merges the most frequent pair first, ties by the lower ids', () => {
    // Words: "abab" ×2 and "ab" ×1, each a text. Pairs: ab 2·2 + 1 = 5, ba 2. So "ab" is merged
    // first; then "ab ab" occurs 2 times, and "abab" is the second merge; no pair is left.
    const { tokenizerJson, vocabularySize } = trainByteLevelBpe(['abab', 'abab', 'ab'], {
      vocabularySize: 300,
      specialTokens: [],
    });
    expect((JSON.parse(tokenizerJson) as { model: { merges: string[] } }).model.merges).toEqual([
      'a b',
      'ab ab',
    ]);
    expect(vocabularySize).toBe(258);
    // Ties: "xy" and "cd" occur twice each; c (0x63) has the lower id.
    const tied = trainByteLevelBpe(['xy', 'cd', 'xy', 'cd'], { vocabularySize: 257, specialTokens: [] });
    expect((JSON.parse(tied.tokenizerJson) as { model: { merges: string[] } }).model.merges).toEqual(['c d']);
  });

  it('gives a byte-identical file for the same texts', () => {
    const options = { vocabularySize: 320, specialTokens: ['<|end|>'] };
    expect(trainByteLevelBpe(TEXTS, options)).toEqual(trainByteLevelBpe(TEXTS, options));
  });

  it('reaches the size asked for and uses what it learned', () => {
    const { tokenizerJson, vocabularySize } = trainByteLevelBpe(TEXTS, {
      vocabularySize: 280,
      specialTokens: [],
    });
    const tokenizer = load(tokenizerJson);
    expect(vocabularySize).toBe(280);
    expect(tokenizer.get_vocab().size).toBe(280);
    expect(encode(tokenizer, TEXTS[0]!).length).toBeLessThan(new TextEncoder().encode(TEXTS[0]!).length);
  });

  it('round-trips any text, bytes it never saw included', () => {
    const tokenizer = load(
      trainByteLevelBpe(TEXTS, { vocabularySize: 320, specialTokens: [] }).tokenizerJson,
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        expect(decode(tokenizer, encode(tokenizer, text))).toBe(text);
      }),
      { seed: 11, numRuns: 300 },
    );
    expect(decode(tokenizer, encode(tokenizer, '  mm Hg\r\n\t🩺 中文 a\u0301'))).toBe(
      '  mm Hg\r\n\t🩺 中文 a\u0301',
    );
  });

  it('keeps special tokens whole and learns nothing across or inside them', () => {
    const texts = TEXTS.map((text) => `<|start|>${text}<|end|>`);
    const tokenizer = load(
      trainByteLevelBpe(texts, { vocabularySize: 330, specialTokens: ['<|start|>', '<|end|>'] })
        .tokenizerJson,
    );
    const plain = load(
      trainByteLevelBpe(TEXTS, { vocabularySize: 330, specialTokens: ['<|start|>', '<|end|>'] })
        .tokenizerJson,
    );
    expect(encode(tokenizer, '<|start|>fever<|end|>')).toEqual([0, ...encode(plain, 'fever'), 1]);
  });

  it('refuses a vocabulary that cannot hold the bytes', () => {
    expect(() => trainByteLevelBpe(TEXTS, { vocabularySize: 256, specialTokens: ['<|end|>'] })).toThrow(
      StudioError,
    );
  });
});
