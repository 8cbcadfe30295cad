/** `npm run score` as a trainer sees it: a process, lines in, lines out. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { answerLines } from '../../scripts/commands/score';
import type { EvidenceItem, TextSpan } from '../../src/protocol';
import { C1 } from '../engine/rewards/clinical';
import { parityVectors } from '../engine/rewards/fixtures';

const root = new URL('../..', import.meta.url);
const good = {
  completion: '<think>Fever.</think><answer>So \\boxed{A}</answer>',
  case: { question: 'Which?', options: { A: 'Ceftriaxone', B: 'Gentamicin' }, answer: 'A' },
  tags: 'think',
};
const jsonl = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function start(program = process.execPath, args = ['scripts/score.mjs']): ChildProcessWithoutNullStreams {
  return spawn(program, args, { cwd: root });
}

/** Runs to the end. stdout is parsed line by line, so one that is not JSON fails the test. */
async function run(input: string | Buffer, program?: string, args?: string[]) {
  const child = start(program, args);
  const chunks: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => errors.push(chunk));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  const lines = Buffer.concat(chunks).toString().split('\n');
  expect(lines.pop()).toBe('');
  return { code, answers: lines.map((line) => JSON.parse(line)), stderr: Buffer.concat(errors).toString() };
}

describe('npm run score', () => {
  it('prints JSON lines only, with constant keys, under npm too', async () => {
    const { code, answers, stderr } = await run(jsonl([good]), 'npm', ['run', 'score']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { evidence, ...values } = answers[0];
    expect(values).toEqual({
      accuracy: 1,
      format: 1.5,
      language: 1,
      // “Which?” is no vignette: there is nothing to cite and nothing to be faithful to.
      citation: null,
      faithfulness: null,
      rejection: 0,
      support: 0,
      behaviours: { verification: 0, backtracking: 0, subgoals: 0, backwardChaining: 0, score: 0 },
      integrity: 0,
      reward: 12,
    });
    expect(evidence.accuracy).toEqual({
      rule: 'correct',
      counts: { boxes: 1 },
      spans: [{ start: 32, end: 41, label: 'box' }],
      items: [],
      arithmetic: '1 box, correct: 1',
    });
    expect(evidence.reward).toEqual({
      contributions: { accuracy: 10, format: 1.5, language: 0.5 },
      gate: { wellFormed: true, boxes: 1, integrity: 0, factor: 0 },
    });
  });

  it('prints where a finding is cited and why an option is rejected', async () => {
    const completion =
      '<dx>Fever and dysuria suggest gonorrhea in this young man. Gram-negative diplococci in the joint ' +
      'confirm Neisseria. Gentamicin is unlikely because it inhibits the 30S ribosome and fails in joints. ' +
      'Ceftriaxone is the most likely choice.</dx><conclusion>Dysuria supports ceftriaxone. \\boxed{A}</conclusion>';
    const { code, answers } = await run(jsonl([{ completion, case: C1, tags: 'dx', preset: 'clinical' }]));
    expect(code).toBe(0);
    const { evidence, reward, rejection } = answers[0];
    expect(reward).toBeGreaterThan(12);
    const slice = ({ start, end }: TextSpan) => completion.slice(start, end);
    const cited = evidence.citation.items.filter(({ kind }: EvidenceItem) => kind === 'cited');
    expect(cited.map(({ completion: span }: Required<EvidenceItem>) => slice(span))).toContain('dysuria');
    for (const { source } of cited) expect(C1.question.slice(source.start, source.end)).not.toBe('');
    const rejected = evidence.rejection.items.find(({ kind }: EvidenceItem) => kind === 'rejected');
    expect(slice(rejected.completion)).toContain('Gentamicin is unlikely because');
    // One of four wrong options, with a reason.
    expect(rejection).toBeCloseTo(1 / 4, 12);
  });

  it('reproduces the released vectors', async () => {
    const vectors = parityVectors();
    const rows = vectors.map((vector) => ({
      completion: vector.solution_str,
      case: { question: '', options: {}, answer: vector.ground_truth[0] },
      tags: 'think',
      eos: vector.eos_token,
      addOpeningTag: vector.add_bo_think_token,
    }));
    const { code, answers } = await run(jsonl(rows));
    expect(code).toBe(0);
    expect(answers.map(({ accuracy, format, language }) => [accuracy, format, language])).toEqual(
      vectors.map((vector) => [vector.accuracy_reward, vector.format_reward, vector.english_reward]),
    );
  });

  it('answers bad rows in their place and ends with exit code 1', async () => {
    const bad: [string | Buffer, string][] = [
      ['nonsense', 'The line is not JSON: '],
      ['null', 'row: expected Object, received null'],
      ['{}', 'completion: missing; case: missing; tags: missing'],
      [JSON.stringify({ ...good, completion: 7 }), 'completion: expected string, received 7'],
      [JSON.stringify({ ...good, tags: 'xml' }), 'tags: expected ("think" | "dx"), received "xml"'],
      [JSON.stringify({ ...good, eos: '' }), 'eos: expected >=1, received 0'],
      [JSON.stringify({ ...good, addOpeningTag: 1 }), 'addOpeningTag: expected boolean, received 1'],
      [
        JSON.stringify({ ...good, preset: 'best' }),
        'preset: expected ("released" | "clinical" | "grpo"), received "best"',
      ],
      [
        JSON.stringify({ ...good, case: { ...good.case, answer: 'a' } }),
        'case.answer: expected /^[A-Z]$/, received "a"',
      ],
      [JSON.stringify({ ...good, case: { ...good.case, answer: undefined } }), 'case.answer: missing'],
      [
        JSON.stringify({ ...good, case: { ...good.case, options: { A: null } } }),
        'case.options.A: expected string',
      ],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'The line is not UTF-8.'],
    ];
    const newline = Buffer.from('\n');
    const input = Buffer.concat([
      Buffer.from(jsonl([good])),
      ...bad.flatMap(([line]) => [Buffer.from(line), newline]),
      Buffer.from(JSON.stringify(good)), // the last line lacks its newline
    ]);
    const { code, answers, stderr } = await run(input);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(answers).toHaveLength(1 + bad.length + 1);
    expect([answers[0].reward, answers.at(-1).reward]).toEqual([12, 12]);
    bad.forEach(([, message], index) => {
      const answer = answers[index + 1];
      expect(Object.keys(answer)).toEqual(['error', 'line']);
      expect(answer.line).toBe(index + 2);
      expect(answer.error).toContain(message);
    });
  });

  it('takes CRLF, skips blank lines and counts them', async () => {
    const { code, answers } = await run(`\n${JSON.stringify(good)}\r\n \r\n{}\r\n`);
    expect(code).toBe(1);
    expect(answers.map((answer) => answer.reward ?? answer.line)).toEqual([12, 4]);
  });

  it('says nothing and succeeds on empty input', async () => {
    expect(await run('')).toEqual({ code: 0, answers: [], stderr: '' });
  });

  it('gives an unlabelled case no accuracy and no reward', async () => {
    const row = { ...good, case: { ...good.case, answer: null }, preset: 'grpo' };
    const { code, answers } = await run(jsonl([row]));
    expect(code).toBe(0);
    expect(answers[0]).toMatchObject({ accuracy: null, format: 1.5, reward: null });
  });

  it('answers each line before the next is sent', async () => {
    const child = start();
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    for (const letter of ['A', 'B', 'A']) {
      child.stdin.write(jsonl([{ ...good, case: { ...good.case, answer: letter } }]));
      const { value } = await answers.next();
      expect(JSON.parse(value).accuracy).toBe(letter === 'A' ? 1 : 0);
    }
    child.stdin.end();
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
  });

  it.each([
    [
      'is of other sources',
      '// sources: {"files":["scripts/score.mjs"],"hash":"0"}\nthrow new Error("stale");\n',
    ],
    ['was cut off', ''],
  ])('bundles itself again when the bundle in .cache %s', async (_, bundle) => {
    writeFileSync(new URL('.cache/score.mjs', root), bundle);
    const { code, answers } = await run(jsonl([good]));
    expect({ code, reward: answers[0].reward }).toEqual({ code: 0, reward: 12 });
  });

  it('streams 10,000 lines, 13 MB, in bounded memory', async () => {
    const child = start();
    const reasoning = 'Fever and dysuria suggest gonococcal infection. '.repeat(25);
    const batch = jsonl(
      Array(1000).fill({ ...good, completion: good.completion.replace('Fever.', reasoning) }),
    );
    let answered = 0;
    let perfect = 0;
    const reader = createInterface({ input: child.stdout }).on('line', (line) => {
      answered++;
      if (line.includes('"reward":12,')) perfect++;
    });
    for (let sent = 0; sent < 10; sent++) {
      if (!child.stdin.write(batch)) await once(child.stdin, 'drain');
    }
    while (answered < 10_000) await once(reader, 'line');
    // Linux tells the highest resident size so far; elsewhere the count of answers is the test.
    const status = `/proc/${child.pid}/status`;
    const peak = existsSync(status) ? /VmHWM:\s*(\d+) kB/.exec(readFileSync(status, 'utf8')) : null;
    if (peak) expect(Number(peak[1]) / 1024).toBeLessThan(250);
    child.stdin.end();
    const [code] = await once(child, 'close');
    expect({ code, answered, perfect }).toEqual({ code: 0, answered: 10_000, perfect: 10_000 });
  }, 60_000);
});

describe('answerLines', () => {
  /** Answers to `input`, sent in chunks of `size` bytes. */
  async function answer(input: Buffer, size: number) {
    let text = '';
    async function* chunks() {
      for (let start = 0; start < input.length; start += size) yield input.subarray(start, start + size);
    }
    const badRows = await answerLines(chunks(), async (answers) => {
      text += answers;
    });
    return { badRows, text };
  }

  it('does not depend on where the chunks break, inside a character or a line', async () => {
    const input = Buffer.from(
      `${jsonl([{ ...good, completion: '你好 😀 ok' }])}{}\n\n${JSON.stringify(good)}`,
    );
    const whole = await answer(input, input.length);
    expect(whole.badRows).toBe(1);
    for (const size of [1, 2, 3, 7, 64]) expect(await answer(input, size)).toEqual(whole);
  });

  it('refuses a line of more than 16 MiB without holding it, and goes on', async () => {
    const long = Buffer.alloc(17 * 1024 * 1024, 'x');
    const input = Buffer.concat([long, Buffer.from(`\n${JSON.stringify(good)}\n`)]);
    const { badRows, text } = await answer(input, 65_536);
    expect(badRows).toBe(1);
    const [first, second] = text.split('\n').map((line) => (line === '' ? null : JSON.parse(line)));
    expect(first).toEqual({ error: 'The line is longer than 16777216 bytes.', line: 1 });
    expect(second.reward).toBe(12);
  });
});
