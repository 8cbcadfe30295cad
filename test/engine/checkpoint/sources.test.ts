import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from '../../../src/engine/checkpoint/safetensors';
import { readText, rootOf, safetensorsSource, textSource } from '../../../src/engine/checkpoint/sources';
import { bytesSource, type NamedArray } from '../../../src/engine/files';

describe('safetensorsSource', () => {
  const tensors: NamedArray[] = [
    { name: 'a', shape: [3], data: Float32Array.of(1, 2, 3) },
    { name: 'empty', shape: [0], data: new Float32Array(0) },
    { name: 'b', shape: [2, 2], data: Float32Array.of(0, 4, 5, 6, 7, 8).subarray(1, 5) },
  ];

  it('reads any range as the encoded file would', async () => {
    const whole = encodeSafetensors(tensors, { format: 'pt' });
    const source = safetensorsSource('w.safetensors', tensors);
    expect(source.size).toBe(whole.length);
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), fc.nat(whole.length), async (x, y) => {
        const [start, end] = x < y ? [x, y] : [y, x];
        expect(await source.read(start, end)).toEqual(whole.slice(start, end));
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});

describe('readText', () => {
  it('refuses other encodings and too much', async () => {
    await expect(readText(textSource('t', 'naïve'), 6)).resolves.toBe('naïve');
    await expect(readText(textSource('t', 'naïve'), 5)).rejects.toThrow(/at most 5 bytes, received 6/);
    await expect(readText(bytesSource('t', Uint8Array.of(0xff)), 5)).rejects.toThrow(/UTF-8/);
  });
});

describe('rootOf', () => {
  const paths = (...names: string[]) => [
    ...rootOf(new Map(names.map((name) => [name, textSource(name, '')]))).keys(),
  ];

  it('drops wrapping directories and archive debris, and nothing else', () => {
    expect(paths('run/config.json', 'run/resume/state.json', '__MACOSX/run/._config.json')).toEqual([
      'config.json',
      'resume/state.json',
    ]);
    expect(paths('a/b/x.jsonl', 'a/b/.DS_Store')).toEqual(['x.jsonl']);
    expect(paths('config.json', 'resume/state.json')).toEqual(['config.json', 'resume/state.json']);
    expect(paths('a/x', 'ab/x')).toEqual(['a/x', 'ab/x']);
    expect(paths()).toEqual([]);
  });
});
