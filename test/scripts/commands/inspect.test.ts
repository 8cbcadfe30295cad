import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type InspectRequest, inspect, inspectAll } from '../../../scripts/commands/inspect';
import { medqaLines, medqaRow } from '../../engine/data/support';

const qwen = 'test/fixtures/models/qwen2-tiny';
const tiny = 'test/fixtures/tiny-policy';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'crpo-inspect-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(root, name);
  writeFileSync(path, content);
  return path;
}

async function inspectAs(request: Partial<InspectRequest>) {
  const whole = { paths: [], overlap: false, split: null, mappingFile: null, copBase: null, ...request };
  const answers = [];
  for await (const answer of inspectAll(whole)) answers.push(answer);
  return answers;
}

/** The facts, or the error's code. */
async function look(path: string) {
  const answer = await inspect(path);
  return 'error' in answer ? answer.error.code : { kind: answer.kind, ...answer.facts };
}

describe('inspect', () => {
  it('reads a dataset to its end and counts what is bad', async () => {
    expect(await look('test/fixtures/medqa-layout.jsonl')).toMatchObject({
      kind: 'dataset',
      layout: 'medqa',
      rows: 12,
      badLines: 2,
      issues: [{ line: 5 }, { line: 10 }],
      answerCounts: { A: 3, B: 3, C: 3, D: 3 },
    });
  });

  it('says at the top of a dataset’s line what was read, what was not, and what is flagged', async () => {
    const repeated = { ...medqaRow(0), answer_idx: 'A', answer: 'Appendicitis' };
    const lines = [...medqaLines(2), '{"question": "cut', JSON.stringify(repeated), '[]'];
    const path = file('mixed.jsonl', lines.join('\n'));
    expect(await inspect(path)).toMatchObject({
      path,
      kind: 'dataset',
      detail: 'MedQA, 5 options: 3 rows, 2 bad lines.',
      layout: 'medqa',
      rows: 3,
      errors: [
        // `{"question": "cut` has 17 characters, and the closing quote is missed after them.
        { line: 3, column: 18, kind: 'json-invalid', message: expect.stringContaining('closing quote') },
        { line: 5, column: null, kind: 'not-an-object', message: expect.any(String) },
      ],
      issues: [{ line: 4, column: null, kind: 'duplicate-question-other-answer' }],
      facts: { container: 'jsonl', unlabelled: 0, badLines: 2, flags: 1, duplicates: 0, conflicts: 1 },
    });
  });

  it('tells a line that is no UTF-8 by its number', async () => {
    const path = file('latin1.jsonl', Buffer.from(`{"question": "caf\xe9"}\n${medqaLines(1)[0]}`, 'latin1'));
    expect(await inspect(path)).toMatchObject({ rows: 1, errors: [{ line: 1, kind: 'utf8-invalid' }] });
  });

  it('counts the parts of a split, in all and by stratum', async () => {
    const path = file('forty.jsonl', medqaLines(40).join('\n'));
    const [answer] = await inspectAs({ paths: [path], split: { heldOutFraction: 0.2, splitSeed: 7 } });
    expect(answer).toMatchObject({
      split: {
        heldOutFraction: 0.2,
        splitSeed: 7,
        train: 32,
        heldOut: 8,
        repeats: 0,
        strata: [{ name: 'B · step1', train: 32, heldOut: 8 }],
      },
    });
  });

  it('compares every two datasets, the later with the earlier, when asked to', async () => {
    const lines = medqaLines(9);
    const paths = [
      file('a.jsonl', lines.slice(0, 4).join('\n')),
      file('b.jsonl', lines.slice(2, 6).join('\n')),
      tiny,
      file('c.jsonl', lines.slice(5).join('\n')),
    ];
    expect(await inspectAs({ paths })).toHaveLength(4);
    const overlaps = (await inspectAs({ paths, overlap: true })).slice(4);
    // a has 0 … 3, b has 2 … 5, c has 5 … 8.
    expect(overlaps).toMatchObject([
      { overlap: { train: { name: paths[0], rows: 4 }, test: { name: paths[1], rows: 4 }, exact: 2 } },
      { overlap: { train: { name: paths[0] }, test: { name: paths[3] }, exact: 0 } },
      { overlap: { train: { name: paths[1] }, test: { name: paths[3] }, exact: 1 } },
    ]);
  });

  it('reads rows of no known layout by a mapping, and refuses one that is none', async () => {
    const rows = file('own.csv', 'stem,x,y,gold\nIs it?,Yes,No,2\nWas it?,Yes,No,1\n');
    const mapping = {
      question: 'stem',
      options: { kind: 'fields', fields: ['x', 'y'] },
      answer: { field: 'gold', kind: 'one-based' },
    };
    const mappingFile = file('mapping.json', JSON.stringify(mapping));
    expect(await look(rows)).toBe('dataset-no-usable-row');
    expect(await inspectAs({ paths: [rows], mappingFile })).toMatchObject([
      { layout: 'mapped', rows: 2, facts: { container: 'csv', answerCounts: { A: 1, B: 1 } } },
    ]);
    const bad = file('bad.json', JSON.stringify({ ...mapping, answer: { field: 'gold', kind: 'roman' } }));
    expect(await inspectAs({ paths: [rows], mappingFile: bad })).toMatchObject([
      { path: bad, error: { code: 'mapping-invalid', message: expect.stringContaining('answer.kind') } },
    ]);
    expect(await inspectAs({ paths: [rows], mappingFile: rows })).toMatchObject([
      { error: { code: 'mapping-invalid' } },
    ]);
  });

  it('counts MedMCQA’s answers from the base that it is given', async () => {
    const row = { question: 'Is it?', opa: 'Yes', opb: 'No', opc: 'Perhaps', opd: 'Never', cop: 2 };
    const path = file('mcq.jsonl', JSON.stringify(row));
    expect(await look(path)).toBe('answer-base-unknown');
    expect(await inspectAs({ paths: [path], copBase: 0 })).toMatchObject([
      { facts: { answerCounts: { C: 1 } } },
    ]);
  });

  it('reads a model folder’s headers', async () => {
    expect(await look(tiny)).toMatchObject({
      kind: 'model-folder',
      architecture: 'qwen2',
      layers: 2,
      hiddenSize: 32,
      // Embedding 394·32; two layers of q 32·32 + 32, k and v 16·32 + 16 each, o 32·32, three of
      // 64·32 and two norms of 32; the last norm: 12608 + 2·9344 + 32.
      parameters: 31328,
      storedTypes: { F32: 26 },
      tokenizer: { vocabularySize: 394, eosToken: '<|end|>' },
    });
  });

  it('knows weights and adapters by their content', async () => {
    expect(await look(`${qwen}/model.safetensors`)).toMatchObject({
      kind: 'safetensors',
      tensors: 38,
      values: 60768,
    });
    expect(await look(`${qwen}/adapter_model.safetensors`)).toMatchObject({ kind: 'adapter', tensors: 42 });
  });

  it('names what is wrong with a model folder', async () => {
    const damaged = join(root, 'damaged');
    cpSync(tiny, damaged, { recursive: true });
    const config = JSON.parse(readFileSync(join(damaged, 'config.json'), 'utf8'));
    writeFileSync(
      join(damaged, 'config.json'),
      JSON.stringify({ ...config, num_hidden_layers: config.num_hidden_layers + 1 }),
    );
    expect(await look(damaged)).toBe('tensor-missing');
    rmSync(join(damaged, 'tokenizer.json'));
    cpSync(`${tiny}/config.json`, join(damaged, 'config.json'));
    expect(await look(damaged)).toBe('tokenizer-missing');
  });

  it.each([
    [
      'half.safetensors',
      readFileSync(`${qwen}/model.safetensors`).subarray(0, 200_000),
      'safetensors-truncated',
    ],
    ['model.gguf', Buffer.from('GGUF and more bytes'), 'unusable'],
    ['pytorch_model.bin', Buffer.from([0x80, 2, 0x7d, 0x71]), 'unusable'],
    ['empty.jsonl', Buffer.alloc(0), 'unusable'],
    ['prose.txt', Buffer.from('Not one case.\nNot here either.\n'), 'dataset-no-usable-row'],
  ])('refuses %s', async (name, content, code) => {
    writeFileSync(join(root, name), content);
    expect(await look(join(root, name))).toBe(code);
  });

  it('says that there is nothing at a path', async () => {
    expect(await inspect('no/such/file')).toEqual({
      path: 'no/such/file',
      error: {
        boundary: 'data',
        code: 'path-missing',
        message: 'There is no no/such/file.',
        file: 'no/such/file',
      },
    });
  });
});
