import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { openZip, writeZip } from '../../../src/engine/checkpoint/zip';
import { ZIP_LIMITS } from '../../../src/engine/checkpoint/zip-directory';
import { bytesSource, type Folder } from '../../../src/engine/files';
import { StudioError } from '../../../src/protocol/errors';
import { type RawEntry, rawZip } from './raw-zip';
import { contents, folderOf, noise } from './storage';

async function pack(folder: Folder): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeZip(folder)) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}

const open = (bytes: Uint8Array<ArrayBuffer>, limits = {}) =>
  openZip(bytesSource('import.zip', bytes), { ...ZIP_LIMITS, ...limits });

/** The code of the error that opening and reading everything ends in. */
async function codeOf(bytes: Uint8Array<ArrayBuffer>, limits = {}): Promise<string> {
  const thrown = await open(bytes, limits)
    .then(contents)
    .then(
      () => new Error('nothing was thrown'),
      (error: unknown) => error,
    );
  if (!(thrown instanceof StudioError)) throw thrown;
  expect(thrown.record.boundary).toBe('data');
  expect(thrown.record.message).toMatch(/expected .*received /is);
  expect(thrown.record.action).toBeTruthy();
  expect(thrown.record.file).toBeTruthy();
  return thrown.record.code;
}

const sample = {
  'config.json': new TextEncoder().encode(JSON.stringify({ hidden_size: 64 })),
  'model.safetensors': noise(30_000, 1),
  'resume/state.json': new TextEncoder().encode('{"step":1} '.repeat(900)),
  'ünïcode 名.txt': noise(10, 2),
  empty: new Uint8Array(0),
};

describe('writeZip', () => {
  it('is read back bit for bit, by this reader and by fflate', async () => {
    const zip = await pack(folderOf(sample));
    expect(await contents(await open(zip))).toEqual(sample);
    expect(unzipSync(zip)).toEqual(sample);
  });

  it('gives the same bytes for the same folder', async () => {
    expect(await pack(folderOf(sample))).toEqual(await pack(folderOf(sample)));
  });

  it('stores tensors as they are and in pieces', async () => {
    const large = { 'model.safetensors': noise(9 * 2 ** 20, 3) };
    const sizes: number[] = [];
    for await (const piece of writeZip(folderOf(large))) sizes.push(piece.length);
    expect(Math.max(...sizes)).toBe(4 * 2 ** 20);
    expect(sizes.reduce((a, b) => a + b)).toBeLessThan(9 * 2 ** 20 + 300);
  });

  it('refuses what does not fit into a zip', async () => {
    const huge = { name: 'model.safetensors', size: 2 ** 32, read: async () => new Uint8Array(0) };
    await expect(pack(new Map([['model.safetensors', huge]]))).rejects.toMatchObject({
      record: { code: 'zip-too-large' },
    });
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  if (!python) console.log('zip: 1 case not run, no python3 here');
  it.runIf(python)('is found whole by Python', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zip-'));
    try {
      writeFileSync(join(directory, 'a.zip'), await pack(folderOf(sample)));
      const test = execFileSync('python3', ['-m', 'zipfile', '-t', join(directory, 'a.zip')], {
        encoding: 'utf8',
      });
      expect(test.trim()).toBe('Done testing'); // a bad entry would be named before this line
      const list =
        'import sys,zipfile,json; z=zipfile.ZipFile(sys.argv[1]); print(json.dumps({n:len(z.read(n)) for n in z.namelist()}))';
      const sizes = JSON.parse(
        execFileSync('python3', ['-c', list, join(directory, 'a.zip')], { encoding: 'utf8' }),
      );
      expect(sizes).toEqual(
        Object.fromEntries(Object.entries(sample).map(([path, bytes]) => [path, bytes.length])),
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('openZip', () => {
  const text = new TextEncoder().encode('some text, some text, some text');

  it('reads zips of other tools: directories, comments, both methods', async () => {
    const zip = rawZip(
      [
        { name: 'run/', data: new Uint8Array(0) },
        { name: 'run/a.txt', data: text, deflate: true },
        { name: 'run/b.bin', data: text },
      ],
      { comment: 'a comment with PK\u0005\u0006 inside' },
    );
    expect(await contents(await open(zip))).toEqual({ 'run/a.txt': text, 'run/b.bin': text });
    expect(await contents(await open(new Uint8Array(zipSync(sample))))).toEqual(sample);
  });

  it('reads ranges of stored and of deflated entries', async () => {
    const data = noise(70_010, 4);
    const folder = await open(
      rawZip([
        { name: 'a', data },
        { name: 'b', data, deflate: true },
      ]),
    );
    for (const path of ['a', 'b']) {
      const source = folder.get(path)!;
      expect(source.size).toBe(data.length);
      expect(await source.read(70_000, 70_010)).toEqual(data.slice(70_000));
      expect(await source.read(5, 66_000)).toEqual(data.slice(5, 66_000));
    }
  });

  const plain: RawEntry = { name: 'a', data: text };
  const packed: RawEntry = { name: 'a', data: text, deflate: true };
  it.each<[code: string, zip: Uint8Array<ArrayBuffer>]>([
    ['zip-end-missing', new Uint8Array(0)],
    ['zip-end-missing', new Uint8Array(100)],
    ['zip-end-missing', new Uint8Array([...rawZip([plain]), 0])],
    ['zip-zip64', rawZip([plain], { entries: 0xffff })],
    ['zip-zip64', rawZip([{ ...plain, lie: { bytes: 0xffffffff } }])],
    ['zip-several-disks', rawZip([plain], { disk: 1 })],
    ['zip-several-disks', rawZip([plain], { entriesHere: 0 })],
    ['zip-too-many-entries', rawZip([plain], { entries: 2001 })],
    ['zip-directory-place', rawZip([plain], { directoryStart: 0x7fffffff })],
    ['zip-directory-place', rawZip([plain], { directoryBytes: 10 })],
    ['zip-directory-place', rawZip([plain], { directoryStart: 0 })],
    ['zip-directory-damaged', rawZip([plain], { entries: 2 })],
    ['zip-directory-damaged', rawZip([plain, { ...plain, name: 'b' }], { entries: 1 })],
    ...[
      '../a',
      'a/../../b',
      '/etc/passwd',
      'a\\..\\b',
      'C:/a',
      'C:a',
      'a//b',
      './a',
      '',
      'a\nb',
      'a\u0000.json',
      '..',
      '../',
      'n'.repeat(1001),
    ].map((name): [string, Uint8Array<ArrayBuffer>] => ['zip-name', rawZip([{ ...plain, name }])]),
    ['zip-name', rawZip([{ ...plain, name: Uint8Array.of(0xc0, 0xaf) }])],
    ['zip-name-twice', rawZip([plain, plain])],
    ['zip-size', rawZip([{ ...plain, name: 'a/' }])],
    ['zip-size', rawZip([{ ...plain, lie: { bytes: text.length - 1 } }])],
    ['zip-size', rawZip([{ ...packed, lie: { bytes: text.length - 1 } }])],
    ['zip-size', rawZip([{ ...packed, lie: { bytes: text.length + 1 } }])],
    ['zip-encrypted', rawZip([{ ...plain, lie: { flags: 1 } }])],
    ['zip-method', rawZip([{ ...plain, lie: { method: 12 } }])],
    ['zip-link', rawZip([{ ...plain, lie: { madeBy: 0x0314, attributes: 0xa1ff0000 } }])],
    ['zip-crc', rawZip([{ ...plain, lie: { crc: 1 } }])],
    ['zip-crc', rawZip([{ ...packed, lie: { crc: 1 } }])],
    ['zip-deflate', rawZip([{ ...plain, data: Uint8Array.of(0xff, 0xff), lie: { method: 8 } }])],
    ['zip-local-header', rawZip([{ ...plain, localLie: { crc: 1 } }])],
    ['zip-local-header', rawZip([{ ...plain, localLie: { bytes: 0 } }])],
    ['zip-local-header', rawZip([{ ...packed, localLie: { method: 0 } }])],
    ['zip-local-header', rawZip([{ ...plain, localStart: 1 }])],
    ['zip-entry-outside', rawZip([{ ...plain, localStart: 10_000 }])],
    ['zip-entry-outside', rawZip([{ ...plain, lie: { bytes: 1e6, compressed: 1e6 } }])],
  ])('refuses: %s (case %#)', async (code, zip) => {
    expect(await codeOf(zip)).toBe(code);
  });

  it('refuses entries that overlap', async () => {
    // The second entry lies, header and all, inside the data of the first, which is stored.
    const inner = rawZip([{ name: 'b', data: text }]).slice(0, 31 + text.length);
    const outer = rawZip([
      { name: 'a', data: inner },
      { name: 'b', data: text, localStart: 31 },
    ]);
    expect(await codeOf(outer)).toBe('zip-overlap');
  });

  it('bounds sizes before it unpacks anything', async () => {
    const zeros = new Uint8Array(17 * 2 ** 20); // deflates to about 1/1000
    const bomb = rawZip([{ name: 'a', data: zeros, deflate: true }]);
    expect(bomb.length).toBeLessThan(20_000);
    expect(await codeOf(bomb)).toBe('zip-ratio');
    const small = [plain, { ...packed, name: 'b' }];
    expect(await codeOf(rawZip(small), { totalBytes: 2 * text.length - 1 })).toBe('zip-total-size');
    expect(await codeOf(rawZip(small), { inflatedBytes: text.length - 1 })).toBe('zip-total-size');
    expect(await codeOf(rawZip(small), { entries: 1 })).toBe('zip-too-many-entries');
    expect(
      await contents(await open(rawZip(small), { totalBytes: 2 * text.length, inflatedBytes: text.length })),
    ).toEqual({ a: text, b: text });
  });

  it('stops at the declared size, however much would come', async () => {
    const zeros = new Uint8Array(2 ** 26);
    const liar = rawZip([{ name: 'a', data: zeros, deflate: true, lie: { bytes: 100 } }]);
    expect(await codeOf(liar)).toBe('zip-size');
    // fflate's whole-file reader gives 100 bytes here and no error.
    expect(unzipSync(liar).a).toHaveLength(100);
  });
});

describe('damaged zips', () => {
  it('every prefix and every flipped byte ends in a StudioError or in the right bytes', async () => {
    const files = { a: noise(50, 1), 'b.json': new TextEncoder().encode('{"a":1}'.repeat(9)) };
    const whole = await pack(folderOf(files));
    for (let length = 0; length < whole.length; length++)
      expect(await codeOf(whole.slice(0, length))).toMatch(/^zip-/);
    for (let at = 0; at < whole.length; at++) {
      const damaged = whole.slice();
      damaged[at]! ^= 0x41;
      try {
        const read = await contents(await open(damaged));
        // Dates, versions and descriptors may differ; names are repeated, data is checked.
        expect(Object.values(read)).toEqual(Object.values(files));
      } catch (error) {
        expect(error).toBeInstanceOf(StudioError);
      }
    }
  });

  it('random edits throw nothing but StudioErrors', async () => {
    const whole = rawZip([
      { name: 'a.txt', data: noise(64, 5), deflate: true },
      { name: 'b', data: noise(20, 6) },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (edits) => {
          const damaged = whole.slice();
          for (const [at, value] of edits) damaged[at] = value;
          try {
            await contents(await open(damaged));
          } catch (error) {
            expect(error).toBeInstanceOf(StudioError);
          }
        },
      ),
      { seed: 7, numRuns: 2000 },
    );
  });

  it('any folder comes back', async () => {
    const name = fc
      .stringMatching(/^[a-z0-9_.-]{1,8}(\/[a-z0-9_-]{1,8}){0,3}$/)
      .filter((path) => !/(^|\/)\.{1,2}(\/|$)/.test(path));
    const files = fc.dictionary(name, fc.uint8Array({ maxLength: 500 }), {
      maxKeys: 8,
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(files, async (folder) => {
        const exact = Object.fromEntries(
          Object.entries(folder).map(([path, bytes]) => [path, Uint8Array.from(bytes)]),
        );
        expect(await contents(await open(await pack(folderOf(exact))))).toEqual(exact);
      }),
      { seed: 8, numRuns: 200 },
    );
  });
});
