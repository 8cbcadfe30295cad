import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeStarter, PLAN, type StarterPlan } from '../../scripts/starter/main';
import { openStarter } from '../../scripts/starter/open';
import { checkRewards } from '../../scripts/starter/reward-check';
import { renderPrompt } from '../../src/engine/crpo/prompts';
import { defaultConfig } from '../../src/engine/crpo/settings';
import { chooseBackend } from '../../src/engine/tensor';

/** The same path as the real one, in seconds: a policy that has learned nothing yet. */
const QUICK: StarterPlan = {
  seed: 4,
  clinic: { training: 12, heldOut: 4, coldStart: 60 },
  shape: { vocabularySize: 600, layers: 1, hiddenSize: 16, mlpWidth: 32, heads: 2, keyValueHeads: 1 },
  coldStart: { ...PLAN.coldStart, steps: 3, batchSize: 4, microBatchSize: 4 },
};

let root: string;
const lines: string[] = [];
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'crpo-starter-'));
  await makeStarter(QUICK, join(root, 'one'), (line) => lines.push(line));
});
afterAll(() => rmSync(root, { recursive: true }));

const config = defaultConfig();

describe('npm run starter', () => {
  it('tells how far it is', () => {
    expect(lines.at(-2)).toMatch(/^step 3\/3 {2}loss \d\.\d{3} {2}\d+ tokens\/s {2}0 min left$/);
  });

  it('writes the same files for a plan, and others for another seed', async () => {
    await makeStarter(QUICK, join(root, 'again'), () => undefined);
    await makeStarter({ ...QUICK, seed: 5 }, join(root, 'other'), () => undefined);
    const read = (folder: string, file: string) => readFileSync(join(root, folder, file));
    const files = readdirSync(join(root, 'one'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, 'one').length + 1));
    expect(files.sort()).toEqual(
      [
        'cases.jsonl',
        'heldout.jsonl',
        'policy/README.md',
        'policy/config.json',
        'policy/generation_config.json',
        'policy/model.safetensors',
        'policy/tokenizer.json',
        'policy/tokenizer_config.json',
      ].sort(),
    );
    for (const file of files) expect(read('again', file).equals(read('one', file)), file).toBe(true);
    for (const file of ['cases.jsonl', 'heldout.jsonl', 'policy/model.safetensors'])
      expect(read('other', file).equals(read('one', file)), file).toBe(false);
  });

  it('makes a folder that the studio opens', async () => {
    await chooseBackend('wasm', { gpu: undefined, wasmFolder: undefined });
    const { environment, heldOut, dispose } = await openStarter(join(root, 'one'), config);
    expect([environment.cases.count, heldOut.cases.count]).toEqual([12, 4]);
    expect(environment.learner.config).toMatchObject({ modelType: 'qwen2', layers: 1, tiedHead: true });
    expect(environment.tokenizer.eosToken).toBe('<|im_end|>');
    dispose();
  });

  it('renders short prompts that tell only which tags are wanted', async () => {
    const { environment, dispose } = await openStarter(join(root, 'one'), config);
    const { cases, tokenizer } = environment;
    const clinicalCase = await cases.at(0);
    const lettered = Object.entries(clinicalCase.options).map(([letter, text]) => `${letter}. ${text}`);
    const prompt = (tags: 'dx' | 'think', system = config.prompt.system) =>
      renderPrompt(clinicalCase, { ...config.prompt, tags, system }, tokenizer).text;
    for (const tags of ['dx', 'think'] as const) {
      expect(prompt(tags)).toBe(
        `<|im_start|>system\n${tags}<|im_end|>\n<|im_start|>user\n${[clinicalCase.question, ...lettered].join('\n')}` +
          '<|im_end|>\n<|im_start|>assistant\n',
      );
    }
    expect(prompt('think', '')).toBe(prompt('dx'));
    dispose();
  });

  it('checks whether the reward rises', async () => {
    const said: string[] = [];
    await checkRewards({ folder: join(root, 'one'), seeds: [2], steps: 1 }, (line) => said.push(line));
    expect(said[0]).toMatch(/^seed 2 {2}step 1 {2}reward -?\d/);
    expect(said[1]).toMatch(/^seed 2: first 5 steps → last 5 steps, \d+\.\d steps per minute$/);
    expect(said.some((line) => /held-out cases, greedy: correct \d/.test(line))).toBe(true);
  }, 60_000);
});
