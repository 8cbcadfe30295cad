import { describe, expect, it } from 'vitest';
import { parseInspectOptions } from '../../scripts/lib/inspect-options.mjs';

const parse = (line: string) => parseInspectOptions(line.split(' ').filter((word) => word !== ''));

/** The sentence before the usage. */
function refusal(line: string): string {
  try {
    parse(line);
  } catch (error) {
    const { message, exitCode } = error as { message: string; exitCode: number };
    expect(message).toContain('npm run inspect -- PATH…');
    expect(exitCode).toBe(2);
    return message.split('\n')[0] ?? '';
  }
  throw new Error(`accepted: ${line}`);
}

describe('parseInspectOptions', () => {
  it('takes paths and options in any order', () => {
    expect(parse('a.jsonl b')).toEqual({
      paths: ['a.jsonl', 'b'],
      overlap: false,
      split: null,
      mappingFile: null,
      copBase: null,
    });
    expect(parse('--overlap a --split 0.2 --seed 7 b --map m.json --cop-base 1')).toEqual({
      paths: ['a', 'b'],
      overlap: true,
      split: { heldOutFraction: 0.2, splitSeed: 7 },
      mappingFile: 'm.json',
      copBase: 1,
    });
    expect(parse('a --split 0').split).toEqual({ heldOutFraction: 0, splitSeed: 1 });
  });

  it.each([
    ['', 'No path was given.'],
    ['a --split 0.95', '--split takes a number from 0 to 0.9, not "0.95".'],
    ['a --split half', '--split takes a number from 0 to 0.9, not "half".'],
    ['a --seed 3', '--seed goes with --split.'],
    ['a --split 0.1 --seed 1.5', '--seed takes a whole number, not "1.5".'],
    ['a --split 0.1 --seed 4294967296', '--seed takes a number from 0 to 4294967295, not "4294967296".'],
    ['a --cop-base 2', '--cop-base takes 0 or 1, not "2".'],
  ])('refuses %s', (line, sentence) => {
    expect(refusal(line)).toBe(sentence);
  });

  it('refuses an option that it does not know', () => {
    expect(refusal('a --unknown')).toContain('--unknown');
  });
});
