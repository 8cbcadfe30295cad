import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { datasetStems, RunFolder, runFolderPath } from '../../../scripts/headless/outputs.mjs';
import type { RolloutRecord } from '../../../src/protocol';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'crpo-outputs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const rollout: RolloutRecord = {
  id: '3/1/0',
  step: 3,
  group: 1,
  index: 0,
  caseId: 'c7',
  case: { question: 'Which?', options: { A: 'this' }, answer: 'A' },
  prompt: 'Which?\n',
  completion: '<think>…</think>',
  gold: 'A',
  promptTokens: 4,
  completionTokens: 5,
  truncated: false,
  rewards: { accuracy: 1, faithfulness: null },
  contributions: { accuracy: 10 },
  reward: null,
  unscored: 'why',
  advantage: 0,
  meanLogprob: -1,
};

describe('runFolderPath', () => {
  it('never takes the folder of an earlier run', () => {
    const path = runFolderPath(undefined, 'starter', root);
    expect(path).toBe(join(root, 'starter'));
    new RunFolder(path);
    expect(runFolderPath(undefined, 'starter', root)).toBe(join(root, 'starter-2'));
  });

  it('stays inside the folder of all runs, whatever the name', () => {
    for (const name of ['../../etc', '/abs', 'a/b', '..', 'Lauf 7: größer']) {
      const path = runFolderPath(undefined, name, root);
      expect(join(path, '..')).toBe(root);
    }
  });

  it('takes what was asked for as it is', () => {
    expect(runFolderPath('here/it', 'starter', root)).toBe('here/it');
  });
});

describe('datasetStems', () => {
  it('makes names of files: safe, without extension, all different', () => {
    expect(datasetStems(['a.jsonl', 'a.jsonl', 'a.csv', '../x y.json', '.jsonl', ''])).toEqual([
      'a',
      'a-2',
      'a-3',
      '-x-y',
      'jsonl',
      'dataset',
    ]);
  });
});

describe('RunFolder', () => {
  it('appends one line per rollout with exactly the keys that others read', () => {
    const folder = new RunFolder(join(root, 'run'));
    folder.appendRollouts([rollout]);
    folder.appendRollouts([]);
    folder.appendRollouts([{ ...rollout, group: 2 }]);
    const lines = readFileSync(join(root, 'run/rollouts.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ group }) => group)).toEqual([1, 2]);
    expect(lines[0]).toEqual({
      step: 3,
      group: 1,
      prompt: 'Which?\n',
      completion: '<think>…</think>',
      rewards: { accuracy: 1, faithfulness: null },
      reward: null,
      advantage: 0,
    });
  });

  it('replaces run.json and leaves no half-written one behind', () => {
    const folder = new RunFolder(join(root, 'run'));
    folder.writeRun({ steps: [1] });
    folder.writeRun({ steps: [1, 2] });
    expect(JSON.parse(readFileSync(join(root, 'run/run.json'), 'utf8'))).toEqual({ steps: [1, 2] });
    expect(readdirSync(join(root, 'run')).sort()).toEqual(['rollouts.jsonl', 'run.json']);
  });

  it('does not leave an earlier run’s results beside the new ones', () => {
    const path = join(root, 'run');
    new RunFolder(path).appendRollouts([rollout]);
    writeFileSync(join(path, 'checkpoint.zip'), 'old');
    writeFileSync(join(path, 'notes.txt'), 'mine');
    const evaluated = ['evaluations.jsonl', 'evaluation-old.json', 'samples_old_before.jsonl'];
    for (const name of evaluated) writeFileSync(join(path, name), 'old');
    new RunFolder(path);
    for (const name of evaluated) expect(existsSync(join(path, name))).toBe(false);
    expect(existsSync(join(path, 'checkpoint.zip'))).toBe(false);
    expect(readFileSync(join(path, 'rollouts.jsonl'), 'utf8')).toBe('');
    expect(readFileSync(join(path, 'notes.txt'), 'utf8')).toBe('mine');
  });
});
