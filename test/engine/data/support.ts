/** Rows of our own making in MedQA's layout, and a sink that keeps what it is given. */
import { type DatasetReading, type DatasetSink, readDataset } from '../../../src/engine/data/read';
import { bytesSource } from '../../../src/engine/files';
import { type ClinicalCase, StudioError } from '../../../src/protocol';

export interface MedqaRow {
  question: string;
  answer: string;
  options: Record<string, string>;
  meta_info: string;
  answer_idx: string;
}

/** A sound row; `index` makes the question its own. */
export function medqaRow(index: number): MedqaRow {
  return {
    question: `Patient ${index} has had fever and flank pain for 3 days. Which is the most likely diagnosis?`,
    answer: 'Pyelonephritis',
    options: {
      A: 'Appendicitis',
      B: 'Pyelonephritis',
      C: 'Nephrolithiasis',
      D: 'Cystitis',
      E: 'Ovarian torsion',
    },
    meta_info: 'step1',
    answer_idx: 'B',
  };
}

export function medqaLines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => JSON.stringify(medqaRow(index)));
}

export interface Collected extends DatasetReading {
  readonly cases: readonly ClinicalCase[];
  readonly bad: string;
}

/** A sink into memory. */
export function collectingSink(): { sink: DatasetSink; cases: ClinicalCase[]; bad: Uint8Array[] } {
  const cases: ClinicalCase[] = [];
  const bad: Uint8Array[] = [];
  const sink: DatasetSink = {
    saveCases: async (batch) => void cases.push(...batch),
    saveBadLines: async (bytes) => void bad.push(bytes),
  };
  return { sink, cases, bad };
}

/** Reads a file given as text or bytes. */
export async function read(
  content: string | Uint8Array<ArrayBuffer>,
  name = 'cases.jsonl',
  options: Omit<Parameters<typeof readDataset>[1], 'name' | 'sink'> = {},
): Promise<Collected> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const { sink, cases, bad } = collectingSink();
  const reading = await readDataset(bytesSource(name, bytes), { name, sink, ...options });
  return { ...reading, cases, bad: bad.map((part) => new TextDecoder().decode(part)).join('') };
}

/** Reads rows of any layout, one a line. */
export async function readRows(
  rows: readonly unknown[],
  options: Omit<Parameters<typeof readDataset>[1], 'name' | 'sink'> = {},
): Promise<Collected> {
  return read(rows.map((row) => JSON.stringify(row)).join('\n'), 'cases.jsonl', options);
}

/** Reads one row, changed as asked, beside a sound one. @returns the row's case, or its issue's kind */
export async function readChanged(
  change: (row: Record<string, unknown>) => void,
): Promise<ClinicalCase | string> {
  const row: Record<string, unknown> = { ...medqaRow(1) };
  change(row);
  const { cases, summary } = await read(`${JSON.stringify(medqaRow(0))}\n${JSON.stringify(row)}\n`);
  return cases[1] ?? summary.issues[0]!.kind;
}

export async function failureOf(promise: Promise<unknown>): Promise<StudioError> {
  const thrown = await promise.then(
    () => new Error('expected a failure'),
    (error: unknown) => error,
  );
  if (thrown instanceof StudioError) return thrown;
  throw thrown;
}
