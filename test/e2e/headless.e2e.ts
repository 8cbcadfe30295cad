/** `npm start -- --headless` as a person runs it: its outputs, its exit codes, its answer to Ctrl-C. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { noBrowser } from './studio';

const TINY = [
  '--dataset',
  'test/fixtures/medqa-layout.jsonl',
  '--model',
  'test/fixtures/tiny-policy',
  '--config',
  'test/e2e/tiny-run.json',
];

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `onLine` hears standard output; it may send a signal. */
function start(
  args: readonly string[],
  onLine?: (line: string, interrupt: () => void) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['scripts/start.mjs', '--headless', ...args]);
    onTestFinished(() => {
      child.kill('SIGKILL'); // where the test gave up waiting
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      onLine?.(String(chunk), () => child.kill('SIGINT'));
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe.skipIf(noBrowser)('a run without a window', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'crpo-headless-'));
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const runOf = (name: string) => JSON.parse(readFileSync(join(root, name, 'run.json'), 'utf8'));
  const linesOf = (name: string) =>
    readFileSync(join(root, name, 'rollouts.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  /** Without what a clock measures. */
  const arithmeticOf = (name: string) =>
    (runOf(name).steps as { step: number; metrics: Record<string, number> }[]).map(({ step, metrics }) => {
      const { step_time: _, tokens_per_second: __, ...numbers } = metrics;
      return { step, numbers };
    });

  it('writes everything that the contract names', async () => {
    const out = join(root, 'whole');
    const { code, stdout, stderr } = await start([
      ...TINY,
      ...['--steps', '4', '--seed', '3', '--preset', 'grpo', '--out', out],
      ...['--evaluate', 'test/fixtures/medqa-layout.jsonl'],
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Backend: wasm/m);
    expect(stdout).toMatch(/line 5: Not valid JSON/);
    expect(stdout.match(/^step \d\/4 {2}reward .* kl .* tokens\/s/gm)).toHaveLength(4);
    expect(stdout).toMatch(/n = 12 cases, greedy; .*\n +before +after\n +correct \/ total +\d+\/12/);
    expect(stdout).toMatch(/exact McNemar p = /);

    const run = runOf('whole');
    expect(run.config).toMatchObject({ name: 'tiny', seed: 3, steps: 4, rewards: { preset: 'grpo' } });
    expect(run.environment).toMatchObject({ node: process.version, backend: 'wasm' });
    expect(run.summary).toMatchObject({ status: 'finished', steps: 4 });
    expect(run.steps.map(({ step }: { step: number }) => step)).toEqual([1, 2, 3, 4]);
    for (const key of ['reward', 'reward_std', 'rewards/accuracy/mean', 'kl', 'grad_norm', 'step_time']) {
      expect(run.steps[0].metrics, key).toHaveProperty([key]);
    }
    expect(run.evaluations.map(({ when, total }: { when: string; total: number }) => [when, total])).toEqual([
      ['before', 12],
      ['after', 12],
    ]);

    const { rounds, comparison } = JSON.parse(
      readFileSync(join(out, 'evaluation-medqa-layout.json'), 'utf8'),
    );
    expect(rounds.map(({ step }: { step: number }) => step)).toEqual([0, 4]);
    expect(comparison.cases).toBe(12);
    const samples = readFileSync(join(out, 'samples_medqa-layout_after.jsonl'), 'utf8').trimEnd().split('\n');
    expect(samples.map((line) => JSON.parse(line).doc_id)).toEqual(Array.from({ length: 12 }, (_, id) => id));

    const rollouts = linesOf('whole');
    expect(rollouts).toHaveLength(4 * 4); // 4 steps, one prompt with 4 completions each
    expect(Object.keys(rollouts[0]).sort()).toEqual(
      ['advantage', 'completion', 'group', 'prompt', 'reward', 'rewards', 'step'].sort(),
    );

    const zip = readFileSync(join(out, 'checkpoint.zip'));
    expect(createHash('sha256').update(zip).digest('hex')).toBe(run.summary.checkpoint.sha256);
    expect(Object.keys(unzipSync(zip))).toEqual(
      expect.arrayContaining(['config.json', 'tokenizer.json', 'model.safetensors', 'resume/state.json']),
    );
    const png = readFileSync(join(out, 'curves.png'));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16), 'width').toBeGreaterThan(1000);
  });

  it('goes on from its checkpoint as if it had not stopped', async () => {
    const common = [...TINY, '--seed', '3', '--preset', 'grpo'];
    const half = await start([...common, '--steps', '2', '--out', join(root, 'half')]);
    expect(half.code).toBe(0);
    const rest = await start([
      ...['--dataset', 'test/fixtures/medqa-layout.jsonl', '--resume', join(root, 'half', 'checkpoint.zip')],
      ...['--steps', '4', '--out', join(root, 'rest')],
    ]);
    expect(rest.stderr).toBe('');
    expect(rest.code).toBe(0);
    expect(rest.stdout).toContain('Going on from step 2');
    expect(arithmeticOf('rest')).toEqual(arithmeticOf('whole'));
    expect(linesOf('rest')).toEqual(linesOf('whole').filter(({ step }) => step > 2));
  });

  it('only evaluates with --steps 0', async () => {
    const { code, stdout } = await start([
      ...TINY,
      ...['--steps', '0', '--evaluate', 'test/fixtures/medqa-layout.jsonl', '--out', join(root, 'zero')],
      ...['--samples', '2'],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/pass@2 +\d/);
    expect(stdout).not.toMatch(/^step /m);
    expect(runOf('zero')).toMatchObject({
      steps: [],
      evaluations: [{ when: 'before', samples: 2, total: 24 }],
    });
    expect(existsSync(join(root, 'zero', 'checkpoint.zip'))).toBe(false);
  });

  it('stops at Ctrl-C, keeps what it has and says so', async () => {
    const { code, stderr } = await start(
      [...TINY, '--steps', '5000', '--out', join(root, 'stopped')],
      (line, interrupt) => {
        if (/^step +3\//m.test(line)) interrupt();
      },
    );
    expect(code).toBe(130);
    expect(stderr).toContain('Stopping at the next step');
    const { summary, steps } = runOf('stopped');
    expect(summary.status).toBe('stopped');
    expect(steps.length).toBeGreaterThanOrEqual(3);
    expect(steps.length).toBeLessThan(5000);
    expect(summary.checkpoint.step).toBe(steps.at(-1).step);
    expect(existsSync(join(root, 'stopped', 'curves.png'))).toBe(true);
  });

  it.each([
    [['--model', 'test/fixtures/grpo'], 1, /model/i],
    [['--dataset', 'README.md'], 1, /README\.md/],
    [['--dataset', 'no-such-file.jsonl'], 1, /there is no no-such-file\.jsonl/],
    [['--config', 'package.json'], 1, /package\.json: there is no setting "/],
    [['--preset', 'best'], 2, /--preset takes one of released, clinical, grpo/],
    [['--frobnicate'], 2, /Unknown option '--frobnicate'[\s\S]*npm start -- --headless \[options\]/],
    [['--backend', 'cpu'], 2, /--backend takes one of auto, webgpu, wasm/],
  ])('refuses %j with exit code %d and a sentence', async (args, exitCode, sentence) => {
    const { code, stderr, stdout } = await start([...args, '--out', join(root, 'refused')]);
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/\n\s+at /); // no stack
    expect(code).toBe(exitCode);
    expect(stdout).not.toMatch(/^step /m);
  });
});
