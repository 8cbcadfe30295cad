/**
 * The record that makes a checkpoint exist: its facts and, for each file, the SHA-256 of every
 * chunk. It is one JSON text beside that text's own hash, so that damage to either is seen; what
 * changes later (the trash flag) lies outside the text.
 */
import * as v from 'valibot';
import { StudioError } from '../../protocol/errors';
import { type CheckpointFacts, factsSchema, storableFacts } from './facts';
import { sha256 } from './hash';

/** The value in the database. */
export interface CheckpointRecord {
  readonly manifest: string;
  /** SHA-256 of `manifest`, hex. */
  readonly sha256: string;
  /** In the trash. */
  readonly deleted: boolean;
}

export interface Manifest {
  readonly version: 1;
  /** Larger is newer; clocks jump, this does not. */
  readonly order: number;
  /** Every chunk of a file has this many bytes, but for the last. */
  readonly chunkBytes: number;
  readonly facts: CheckpointFacts;
  readonly files: readonly StoredFile[];
}

export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256 of each chunk in order, hex. */
  readonly chunks: readonly string[];
}

/** A record whose manifest has been read and found whole. */
export interface ReadableRecord {
  readonly record: CheckpointRecord;
  readonly manifest: Manifest;
}

const VERSION = 1;

const recordSchema = v.object({ manifest: v.string(), sha256: v.string(), deleted: v.boolean() });
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const manifestSchema = v.object({
  version: v.literal(VERSION),
  order: count,
  chunkBytes: v.pipe(count, v.minValue(1)),
  facts: factsSchema,
  files: v.array(v.object({ path: v.string(), bytes: count, chunks: v.array(v.string()) })),
});

export async function encodeRecord(manifest: Manifest): Promise<CheckpointRecord> {
  const text = JSON.stringify({ ...manifest, facts: storableFacts(manifest.facts) });
  return { manifest: text, sha256: await sha256(new TextEncoder().encode(text)), deleted: false };
}

/** Throws `checkpoint-manifest-damaged`, or `checkpoint-newer-version` when only another version can read it. */
export async function decodeRecord(id: string, value: unknown): Promise<ReadableRecord> {
  const record = v.safeParse(recordSchema, value);
  if (!record.success) throw damaged(id, 'its record has another form');
  const { manifest: text, sha256: hash } = record.output;
  if ((await sha256(new TextEncoder().encode(text))) !== hash) throw damaged(id, 'its hash differs');
  const json = JSON.parse(text) as { version?: unknown };
  if (typeof json.version === 'number' && json.version > VERSION) {
    throw new StudioError({
      boundary: 'storage',
      code: 'checkpoint-newer-version',
      message: `The checkpoint ${id}: expected manifest version ${VERSION}, received ${json.version}.`,
      action: 'A newer CRPO Studio saved it: reload the page to update, then open it.',
    });
  }
  const manifest = v.safeParse(manifestSchema, json);
  if (!manifest.success)
    throw damaged(id, v.getDotPath(manifest.issues[0]) ?? 'its manifest has another form');
  return { record: record.output, manifest: manifest.output };
}

/** SHA-256 → bytes of every chunk of a checkpoint, each once. */
export function chunkSizes({ files, chunkBytes }: Manifest): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { bytes, chunks } of files) {
    for (const [i, hash] of chunks.entries()) sizes.set(hash, Math.min(chunkBytes, bytes - i * chunkBytes));
  }
  return sizes;
}

function damaged(id: string, what: string): StudioError {
  return new StudioError({
    boundary: 'storage',
    code: 'checkpoint-manifest-damaged',
    message: `The checkpoint ${id} cannot be read: expected a whole manifest, received a damaged one (${what}).`,
    action: 'Use another checkpoint; emptying the trash removes this one. The others are not affected.',
  });
}
