import { describe, expect, it } from 'vitest';
import { parseStartOptions } from '../../scripts/lib/options.mjs';

const parse = (line: string) => parseStartOptions(line.split(' ').filter((word) => word !== ''));

/** The sentence before the usage, and the exit code. */
function refusal(line: string): [string, number] {
  try {
    parse(line);
  } catch (error) {
    const { message, exitCode } = error as { message: string; exitCode: number };
    expect(message).toContain('npm start -- --headless [options]');
    return [message.split('\n')[0] ?? '', exitCode];
  }
  throw new Error(`accepted: ${line}`);
}

describe('parseStartOptions', () => {
  it('serves without options', () => {
    expect(parse('')).toEqual({ kind: 'serve', port: null });
    expect(parse('--port 8080')).toEqual({ kind: 'serve', port: 8080 });
    expect(parse('--help')).toEqual({ kind: 'help' });
  });

  it('reads every headless option', () => {
    const line =
      '--headless --dataset d.jsonl --model m --config c.json --preset clinical --steps 20 --seed 7 ' +
      '--backend wasm --threads 4 --resume r.zip --evaluate a.jsonl --evaluate b.jsonl --samples 8 --out o';
    expect(parse(line)).toEqual({
      kind: 'headless',
      options: {
        dataset: 'd.jsonl',
        model: 'm',
        config: 'c.json',
        preset: 'clinical',
        steps: 20,
        seed: 7,
        backend: 'wasm',
        threads: 4,
        resume: 'r.zip',
        evaluate: ['a.jsonl', 'b.jsonl'],
        samples: 8,
        out: 'o',
      },
    });
  });

  it('leaves to the page what is not given', () => {
    expect(parse('--headless')).toEqual({
      kind: 'headless',
      options: { backend: 'auto', evaluate: [], samples: 1 },
    });
    expect(parse('--headless --steps 0 --seed 4294967295')).toMatchObject({
      options: { steps: 0, seed: 4294967295 },
    });
  });

  it.each([
    ['--steps 5', '--steps needs --headless: in the browser the page has this setting.'],
    ['--headless --port 1', '--port goes without --headless.'],
    ['--headless --preset best', '--preset takes one of released, clinical, grpo, not "best".'],
    ['--headless --backend cpu', '--backend takes one of auto, webgpu, wasm, not "cpu".'],
    ['--headless --steps=-1', '--steps takes a whole number from 0 to 1000000000, not "-1".'],
    ['--headless --steps 1e3', '--steps takes a whole number from 0 to 1000000000, not "1e3".'],
    ['--headless --seed 4294967296', '--seed takes a whole number from 0 to 4294967295, not "4294967296".'],
    ['--headless --samples 65', '--samples takes a whole number from 1 to 64, not "65".'],
    ['--port 0', '--port takes a whole number from 1 to 65535, not "0".'],
  ])('refuses %j with its sentence, the usage and exit code 2', (line, sentence) => {
    expect(refusal(line)).toEqual([sentence, 2]);
  });

  it.each(['--headless --stepz 3', '--headless run.json', '--headless --dataset', '--unknown'])(
    'refuses %j with exit code 2',
    (line) => {
      expect(refusal(line)[1]).toBe(2);
    },
  );
});
