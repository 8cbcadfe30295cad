/**
 * `npm run inspect -- PATH…`: one JSON line per path.
 *
 * `{"path", "kind", "detail", "facts"}` for what the studio can use, where `kind` is `dataset`,
 * `model-folder`, `checkpoint-zip`, `safetensors`, `adapter` or `run-config`; else
 * `{"path", "error": {"boundary", "code", "message", …}}`. Datasets are read to the end; of weights
 * the headers are read, and every tensor that the model needs must be there in its shape.
 *
 * A dataset's line also has `"layout", "rows", "errors", "issues"`: the bad lines and the rows that
 * are flagged and kept, each as `{"line", "column", "kind", "message"}`, 100 in all; `facts` counts
 * all of them. `--split` adds `"split"`: how many cases each part and stratum has. With `--overlap`
 * every two datasets add a line `{"overlap": …}` of what the later one shares with the earlier.
 */
import * as v from 'valibot';
import { readCheckpoint } from '../../src/engine/checkpoint/bundle';
import { openSafetensors, type SafetensorsFile } from '../../src/engine/checkpoint/safetensors';
import { type DropKind, sniff, unpack } from '../../src/engine/checkpoint/sniff';
import { validateConfig } from '../../src/engine/crpo/settings';
import { type CaseSet, overlap } from '../../src/engine/data/overlap';
import { splitDataset } from '../../src/engine/data/parts';
import { readDataset } from '../../src/engine/data/read';
import type { Split } from '../../src/engine/data/split';
import type { ByteSource, Folder } from '../../src/engine/files';
import { countParameters, readPolicyConfig } from '../../src/engine/policy';
import { weightSpecs } from '../../src/engine/policy/parameters';
import { checkInventory, openWeights } from '../../src/engine/policy/weights';
import { openTokenizer } from '../../src/engine/tokenizer';
import {
  type ClinicalCase,
  type ColumnMapping,
  type DatasetIssue,
  type ErrorRecord,
  type OverlapReport,
  type SplitReport,
  StudioError,
  toErrorRecord,
} from '../../src/protocol';
import { openPath } from './node-files';

type Facts = Readonly<Record<string, unknown>>;

interface Finding {
  readonly line: number;
  /** null: the whole line. */
  readonly column: number | null;
  readonly kind: string;
  readonly message: string;
}

/** What only a dataset's line has. */
interface DatasetAnswer {
  readonly layout: string;
  readonly rows: number;
  readonly errors: readonly Finding[];
  readonly issues: readonly Finding[];
  readonly split?: Split & SplitReport;
}

export type Inspected =
  | ({
      readonly path: string;
      readonly kind: DropKind;
      readonly detail: string;
      readonly facts: Facts;
    } & Partial<DatasetAnswer>)
  | { readonly path: string; readonly error: ErrorRecord };

export interface InspectRequest {
  readonly paths: readonly string[];
  readonly overlap: boolean;
  readonly split: Split | null;
  readonly mappingFile: string | null;
  readonly copBase: 0 | 1 | null;
}

/** How datasets are looked at. */
interface DatasetLook {
  readonly mapping?: ColumnMapping;
  readonly copBase?: 0 | 1;
  readonly split?: Split;
  /** Hears of every case. */
  readonly keep?: (cases: readonly ClinicalCase[]) => void;
}

/** Never rejects: what is wrong with a path, or with the mapping, is the answer. */
export async function* inspectAll(
  request: InspectRequest,
): AsyncGenerator<Inspected | { readonly overlap: OverlapReport }> {
  const { paths, mappingFile, copBase, split } = request;
  let mapping: ColumnMapping | null = null;
  try {
    if (mappingFile !== null) mapping = await readMapping(mappingFile);
  } catch (thrown) {
    yield { path: mappingFile!, error: toErrorRecord(thrown) };
    return;
  }
  const datasets: CaseSet[] = [];
  for (const path of paths) {
    const cases: ClinicalCase[] = [];
    const answer = await inspect(path, {
      ...(mapping === null ? {} : { mapping }),
      ...(copBase === null ? {} : { copBase }),
      ...(split === null ? {} : { split }),
      ...(request.overlap ? { keep: (batch) => void cases.push(...batch) } : {}),
    });
    yield answer;
    if (request.overlap && !('error' in answer) && answer.kind === 'dataset') {
      datasets.push({ name: path, part: 'all', count: cases.length, at: async (index) => cases[index]! });
    }
  }
  for (const [position, test] of datasets.entries()) {
    for (const train of datasets.slice(0, position)) yield { overlap: await overlap(train, test) };
  }
}

/** Never rejects: what is wrong with the path is the answer. */
export async function inspect(path: string, look: DatasetLook = {}): Promise<Inspected> {
  try {
    const folder = await openPath(path);
    const { kind, detail } = await sniff(folder);
    if (kind === 'refused') {
      throw new StudioError({
        boundary: 'data',
        code: 'unusable',
        message: `${path}: ${detail}`,
        file: path,
      });
    }
    const files = await unpack(folder);
    if (kind !== 'dataset') return { path, kind, detail, facts: await factsOf[kind](files) };
    return { path, kind, ...(await inspectDataset(only(files), look)) };
  } catch (thrown) {
    return { path, error: toErrorRecord(thrown) };
  }
}

async function inspectDataset(
  source: ByteSource,
  { mapping, copBase, split, keep }: DatasetLook,
): Promise<DatasetAnswer & { readonly detail: string; readonly facts: Facts }> {
  const cases: ClinicalCase[] = [];
  const sink = {
    saveCases: async (batch: readonly ClinicalCase[]) => {
      keep?.(batch);
      if (split !== undefined) cases.push(...batch);
    },
    saveBadLines: async () => {},
  };
  const { summary } = await readDataset(source, {
    name: source.name,
    sink,
    ...(mapping === undefined ? {} : { mapping }),
    ...(copBase === undefined ? {} : { copBase }),
  });
  const { id, layout, layoutLabel, rows, issues, issueCounts, badLinesSkipped: _, ...facts } = summary;
  const { badLines } = summary;
  const flags = Object.values(issueCounts).reduce((sum, count) => sum + count, 0) - badLines;
  return {
    detail: `${layoutLabel}: ${rows} rows, ${badLines} bad lines.`,
    layout,
    rows,
    // Bad lines come first.
    errors: issues.slice(0, badLines).map(findingOf),
    issues: issues.slice(badLines).map(findingOf),
    ...(split === undefined
      ? {}
      : { split: { ...split, ...(await splitDataset(listed(cases), split)).report } }),
    facts: {
      ...facts,
      layout,
      layoutLabel,
      rows,
      flags,
      duplicates: issueCounts['duplicate-question'] ?? 0,
      conflicts: issueCounts['duplicate-question-other-answer'] ?? 0,
      issueCounts,
      issues,
      sha256: id,
    },
  };
}

function findingOf({ line, column, kind, message }: DatasetIssue): Finding {
  return { line, column: column ?? null, kind, message };
}

function listed(cases: readonly ClinicalCase[]) {
  return { count: cases.length, case: async (index: number) => cases[index]! };
}

const fieldPath = v.pipe(v.string(), v.nonEmpty());

const mappingSchema = v.strictObject({
  question: fieldPath,
  options: v.variant('kind', [
    v.strictObject({ kind: v.literal('fields'), fields: v.array(fieldPath) }),
    v.strictObject({ kind: v.literal('field'), field: fieldPath }),
    v.strictObject({ kind: v.literal('none') }),
  ]),
  answer: v.nullable(
    v.strictObject({ field: fieldPath, kind: v.picklist(['letter', 'zero-based', 'one-based', 'text']) }),
  ),
  id: v.optional(v.nullable(fieldPath), null),
  facets: v.optional(v.array(fieldPath), []),
}) satisfies v.GenericSchema<unknown, ColumnMapping>;

async function readMapping(file: string): Promise<ColumnMapping> {
  const refuse = (fault: string) =>
    new StudioError({
      boundary: 'data',
      code: 'mapping-invalid',
      message: `${file}: expected a column mapping as JSON, received ${fault}.`,
      action:
        'For example: {"question": "stem", "options": {"kind": "fields", "fields": ["a", "b"]}, "answer": {"field": "gold", "kind": "letter"}}.',
      file,
    });
  const json = await readJson(only(await openPath(file))).catch((error: unknown) => {
    throw error instanceof SyntaxError ? refuse(`other text (${error.message})`) : error;
  });
  const parsed = v.safeParse(mappingSchema, json);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw refuse(`something else at ${v.getDotPath(issue) ?? 'the top'}: ${issue.message}`);
}

async function readJson(source: ByteSource): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await source.read(0, source.size)));
}

const factsOf: Record<Exclude<DropKind, 'refused' | 'dataset'>, (folder: Folder) => Promise<Facts>> = {
  async 'model-folder'(folder) {
    const source = need(folder, 'config.json');
    const config = readPolicyConfig(await readJson(source), source.name);
    const files = await openWeights(folder);
    checkInventory(files, weightSpecs(config), config.tiedHead);
    const { vocabularySize, eosToken } = await openTokenizer(folder);
    return {
      architecture: config.modelType,
      parameters: countParameters(config),
      layers: config.layers,
      hiddenSize: config.hiddenSize,
      contextLength: config.maxPositions,
      tokenizer: { vocabularySize, eosToken },
      storedTypes: typesOf([...new Set(files.values())]),
    };
  },

  async 'checkpoint-zip'(folder) {
    const { facts, adapter } = await readCheckpoint(folder);
    return { ...facts, trained: adapter === null ? 'full' : 'lora' };
  },

  async safetensors(folder) {
    const file = await openSafetensors(only(folder));
    return { ...sizeOf(file), metadata: Object.fromEntries(file.metadata) };
  },

  async adapter(folder) {
    const weights = [...folder].find(([path]) => path.endsWith('.safetensors'))?.[1];
    const file = await openSafetensors(weights ?? only(folder));
    const source = folder.get('adapter_config.json');
    if (source === undefined) return sizeOf(file);
    const { r, lora_alpha, target_modules } = (await readJson(source)) as Facts;
    return { rank: r, alpha: lora_alpha, targets: target_modules, ...sizeOf(file) };
  },

  async 'run-config'(folder) {
    const json = (await readJson(only(folder))) as Facts;
    return { ...validateConfig(json.config ?? json) };
  },
};

function only(folder: Folder): ByteSource {
  const [first] = folder.values();
  if (first === undefined) throw new Error('internal: an empty folder was taken for a file');
  return first;
}

function need(folder: Folder, path: string): ByteSource {
  const source = folder.get(path);
  if (source === undefined) throw new Error(`internal: ${path} was seen and is gone`);
  return source;
}

function sizeOf(file: SafetensorsFile): Facts {
  const values = [...file.tensors.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  return { tensors: file.tensors.size, values, storedTypes: typesOf([file]) };
}

/** Stored type → number of tensors. */
function typesOf(files: readonly SafetensorsFile[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { tensors } of files) {
    for (const { dtype } of tensors.values()) counts[dtype] = (counts[dtype] ?? 0) + 1;
  }
  return counts;
}
