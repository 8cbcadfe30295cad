import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors, openSafetensors, readFloat32 } from '../../../src/engine/checkpoint/safetensors';
import { bytesSource, type NamedArray } from '../../../src/engine/files';
import { StudioError } from '../../../src/protocol/errors';
import { modelsFolder } from '../policy/models';

const open = (bytes: Uint8Array<ArrayBuffer>) => openSafetensors(bytesSource('model.safetensors', bytes));

/** A file from its header's text (or bytes) and its data, by the format's own words. */
function file(header: string | Uint8Array, data: ArrayLike<number> = []): Uint8Array<ArrayBuffer> {
  const json = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const thrown = await promise.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof StudioError)) throw thrown;
  expect(thrown.record).toMatchObject({ boundary: 'model', file: 'model.safetensors' });
  expect(thrown.record.message).toMatch(/model\.safetensors.*expected .*received /s);
  expect(thrown.record.action).toBeTruthy();
  return thrown.record.code;
}

const one = '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';

describe('openSafetensors', () => {
  it('reads a file written by hand', async () => {
    // 1.5 = 0x3FC00000, −2 = 0xC0000000; the second tensor is stored first.
    const header = `{"__metadata__":{"format":"pt"},
      "b":{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]},"a":{"data_offsets":[0,4],"shape":[],"dtype":"F32"}}  `;
    const opened = await open(file(header, [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0]));
    const dataStart = 8 + header.length;
    expect([...opened.tensors]).toEqual([
      ['b', { dtype: 'F32', shape: [1, 1], start: dataStart + 4, end: dataStart + 8 }],
      ['a', { dtype: 'F32', shape: [], start: dataStart, end: dataStart + 4 }],
    ]);
    expect([...opened.metadata]).toEqual([['format', 'pt']]);
    expect(await readFloat32(opened, 'a')).toEqual(Float32Array.of(1.5));
    expect(await readFloat32(opened, 'b')).toEqual(Float32Array.of(-2));
  });

  it('takes an empty header, empty tensors and escaped names', async () => {
    expect((await open(file('{}'))).tensors.size).toBe(0);
    const header =
      '{"\\"\\\\":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"__proto__":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const { tensors } = await open(file(header, [1, 2]));
    expect([...tensors.keys()]).toEqual(['"\\', '__proto__']);
    expect(Object.prototype).not.toHaveProperty('dtype');
  });

  it.each<[code: string, bytes: Uint8Array<ArrayBuffer>]>([
    ['safetensors-too-short', new Uint8Array(7)],
    ['safetensors-header-too-large', Uint8Array.of(1, 225, 245, 5, 0, 0, 0, 0)], // 100,000,001
    ['safetensors-header-too-large', new Uint8Array(8).fill(255)], // 2^64 − 1
    ['safetensors-header-truncated', file(one, [0, 0, 0, 0]).slice(0, 30)],
    ['safetensors-header-start', file('')],
    ['safetensors-header-start', file(` ${one}`, [0, 0, 0, 0])],
    ['safetensors-header-start', file('[]')],
    ['safetensors-not-utf8', file(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['safetensors-json', file('{"w"}')],
    ['safetensors-json', file('{"w":1}')],
    ['safetensors-json', file('{"w":null}')],
    ['safetensors-json', file('{} {}')],
    ['safetensors-json', file('{"w')],
    ['safetensors-json', file('{"\n":{}}')],
    ['safetensors-json', file('{"\\x":{}}')],
    ['safetensors-json', file(`{"w":${'['.repeat(1e5)}`)],
    ['safetensors-integer', file('{"w":{"shape":[1,],"dtype":"F32","data_offsets":[0,4]}}', [0, 0, 0, 0])],
    ['safetensors-integer', file(`{"w":{"shape":${'['.repeat(1e5)}`)],
    ['safetensors-json', file(`{"w":${'{"dtype":'.repeat(1e5)}`)],
    [
      'safetensors-duplicate-key',
      file(
        '{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0077":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
    ],
    ['safetensors-duplicate-key', file('{"__metadata__":{},"__metadata__":{}}')],
    ['safetensors-duplicate-key', file('{"__metadata__":{"a":"1","a":"2"}}')],
    [
      'safetensors-duplicate-key',
      file('{"w":{"dtype":"F32","dtype":"F16","shape":[0],"data_offsets":[0,0]}}'),
    ],
    ['safetensors-metadata', file('{"__metadata__":{"a":1}}')],
    ['safetensors-metadata', file('{"__metadata__":{"a":{"b":"c"}}}')],
    ['safetensors-json', file('{"__metadata__":null}')],
    ['safetensors-field', file('{"w":{"dtype":"F32","shape":[0]}}')],
    ['safetensors-field', file('{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"x":1}}')],
    ['safetensors-field', file('{"w":{"__proto__":{"dtype":"F32"},"shape":[0],"data_offsets":[0,0]}}')],
    ['safetensors-offsets', file('{"w":{"dtype":"F32","shape":[0],"data_offsets":[0]}}')],
    ['safetensors-offsets', file('{"w":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', [0, 0, 0, 0])],
    ['safetensors-integer', file('{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}')],
    ['safetensors-integer', file('{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}')],
    ['safetensors-integer', file('{"w":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}')],
    ['safetensors-integer', file('{"w":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}')],
    ['safetensors-integer', file('{"w":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}')],
    ['safetensors-integer', file('{"w":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,4]}}')],
    ['safetensors-rank', file(`{"w":{"dtype":"F32","shape":[${'1,'.repeat(16)}1],"data_offsets":[0,4]}}`)],
    [
      'safetensors-unknown-dtype',
      file('{"w":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
    ],
    [
      'safetensors-unknown-dtype',
      file('{"w":{"dtype":"__proto__","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0, 0]),
    ],
    ['safetensors-shape-span', file('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', [0, 0, 0, 0])],
    // 2^32 · 2^32 · 4 wraps to 0 in 64-bit arithmetic.
    [
      'safetensors-shape-span',
      file('{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'),
    ],
    ['safetensors-truncated', file(one, [0, 0, 0])],
    ['safetensors-trailing-bytes', file(one, [0, 0, 0, 0, 0])],
    ['safetensors-trailing-bytes', file('{}', [0])],
    ['safetensors-gap', file('{"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', [0, 0])],
    [
      'safetensors-overlap',
      file(
        '{"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"w":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}',
        [0, 0, 0],
      ),
    ],
    [
      'safetensors-overlap',
      file(
        '{"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
        [0, 0],
      ),
    ],
  ])('refuses: %s (case %#)', async (code, bytes) => {
    expect(await codeOf(open(bytes))).toBe(code);
  });

  it('refuses a header of more tensors than any model has, in bounded time', async () => {
    const entry = (i: number) => `"${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
    const header = `{${Array.from({ length: 250_001 }, (_, i) => entry(i)).join(',')}}`;
    expect(await codeOf(open(file(header)))).toBe('safetensors-tensor-count');
  });

  it('reports a source that gives fewer bytes than it promised', async () => {
    const bytes = file(one, [0, 0, 0, 0]);
    const lying = { ...bytesSource('model.safetensors', bytes.slice(0, 40)), size: bytes.length };
    expect(await codeOf(openSafetensors(lying))).toBe('safetensors-short-read');
  });
});

describe('readFloat32', () => {
  it('converts every half as NumPy does', async () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const header = '{"h":{"dtype":"F16","shape":[256,256],"data_offsets":[0,131072]}}';
    const values = await readFloat32(await open(file(header, new Uint8Array(halves.buffer))), 'h');
    // numpy: h = arange(65536, dtype=uint16).view(float16).astype('<f4'); h[isnan(h)] = 0; sha256(h.tobytes())
    const digest = createHash('sha256')
      .update(values.map((value) => (Number.isNaN(value) ? 0 : value)))
      .digest('hex');
    expect(digest).toBe('faa6d965574036872b0d39a42d1f8bee361d5be92b1e718155a69556a5abacdd');
    expect(values.filter(Number.isNaN)).toHaveLength(2 * 1023);
  });

  it('converts bfloat16: the upper half of a float32', async () => {
    // 1 = 0x3F80, −2 = 0xC000, 3.140625 = 0x4049, −∞ = 0xFF80, the smallest subnormal = 0x0001 = 2^−133
    const header = '{"b":{"dtype":"BF16","shape":[5],"data_offsets":[0,10]}}';
    const values = await readFloat32(
      await open(file(header, [0x80, 0x3f, 0, 0xc0, 0x49, 0x40, 0x80, 0xff, 1, 0])),
      'b',
    );
    expect([...values]).toEqual([1, -2, 3.140625, Number.NEGATIVE_INFINITY, 2 ** -133]);
  });

  it('refuses other types and unknown names', async () => {
    const opened = await open(file('{"i":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}', [0, 0, 0, 0]));
    expect(await codeOf(readFloat32(opened, 'i'))).toBe('safetensors-unsupported-dtype');
    expect(await codeOf(readFloat32(opened, 'toString'))).toBe('safetensors-missing-tensor');
  });

  it('reads a tensor of several pieces', async () => {
    const data = Float32Array.from({ length: 5 * 2 ** 20 }, (_, i) => i); // 20 MiB; a piece is 16 MiB
    const opened = await open(encodeSafetensors([{ name: 'w', shape: [data.length], data }]));
    expect(
      Buffer.compare(Buffer.from((await readFloat32(opened, 'w')).buffer), Buffer.from(data.buffer)),
    ).toBe(0);
  });

  it.each(['F32', 'BF16', 'F16'])('reads a part of a tensor in %s into what is there', async (dtype) => {
    // 0, 1, 2, …, 5 in each type; another tensor lies before them.
    const whole = Uint32Array.of(0, 0x3f800000, 0x40000000, 0x40400000, 0x40800000, 0x40a00000);
    const upper = Uint16Array.from(whole, (bits) => bits >>> 16);
    const half = Uint16Array.of(0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500);
    const data = new Uint8Array({ F32: whole, BF16: upper, F16: half }[dtype]!.buffer);
    const tensor = (start: number, end: number, count: number) => ({
      ...{ dtype: count === 1 ? 'U8' : dtype, shape: [count], data_offsets: [start, end] },
    });
    const header = JSON.stringify({ before: tensor(0, 1, 1), w: tensor(1, 1 + data.length, 6) });
    const opened = await open(file(header, [99, ...data]));
    const scratch = new Float32Array(5).fill(-1);
    const into = scratch.subarray(1, 4);
    expect(await readFloat32(opened, 'w', into, 2)).toBe(into);
    expect([...scratch]).toEqual([-1, 2, 3, 4, -1]);
  });
});

const namedArrays = fc
  .uniqueArray(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 })
  .chain((names) =>
    fc.tuple(
      ...names
        .filter((name) => name !== '__metadata__')
        .map((name) =>
          fc
            .array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })
            .chain((shape) =>
              fc
                .float32Array({ minLength: product(shape), maxLength: product(shape) })
                .map((data): NamedArray => ({ name, shape, data: Float32Array.from(data) })),
            ),
        ),
    ),
  );

const product = (shape: readonly number[]) => shape.reduce((size, next) => size * next, 1);
const bits = (data: Float32Array) => [...new Uint32Array(data.slice().buffer)];

describe('encodeSafetensors', () => {
  it('comes back bit for bit, order, metadata and all', async () => {
    await fc.assert(
      fc.asyncProperty(
        namedArrays,
        fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        async (arrays, metadata) => {
          const opened = await open(encodeSafetensors(arrays, metadata));
          expect([...opened.tensors.keys()]).toEqual(arrays.map(({ name }) => name));
          expect(Object.fromEntries(opened.metadata)).toEqual(metadata);
          for (const { name, shape, data } of arrays) {
            expect(opened.tensors.get(name)!.shape).toEqual(shape);
            expect(opened.tensors.get(name)!.start % 4).toBe(0);
            expect(bits(await readFloat32(opened, name))).toEqual(bits(data));
          }
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it('refuses what could not be read back', () => {
    const w: NamedArray = { name: 'w', shape: [2], data: new Float32Array(2) };
    expect(() => encodeSafetensors([w, w])).toThrow(/received w twice/);
    expect(() => encodeSafetensors([{ ...w, shape: [3] }])).toThrow(/received 2 values/);
  });
});

describe('damaged files', () => {
  const whole = encodeSafetensors(
    [
      { name: 'a', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'b', shape: [1], data: Float32Array.of(5) },
    ],
    { format: 'pt' },
  );

  it('every prefix is refused with a StudioError', async () => {
    for (let length = 0; length < whole.length; length++) await codeOf(open(whole.slice(0, length)));
  });

  it('every flipped bit is refused with a StudioError, or reads as a well-formed file', async () => {
    let refused = 0;
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = whole.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const opened = await open(damaged).catch((error: unknown) => {
        if (!(error instanceof StudioError)) throw error;
        refused++;
      });
      if (opened)
        for (const { start, end } of opened.tensors.values()) expect(end - start).toBeLessThanOrEqual(16);
    }
    expect(refused).toBeGreaterThan(whole.length * 4); // most of the file is header
  });

  it('random bytes and random edits throw nothing but StudioErrors', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.uint8Array({ maxLength: 40 }),
        async (edits, tail) => {
          const damaged = new Uint8Array([...whole, ...tail]);
          for (const [at, value] of edits) damaged[at] = value;
          try {
            const opened = await open(damaged);
            for (const name of opened.tensors.keys()) await readFloat32(opened, name);
          } catch (error) {
            expect(error).toBeInstanceOf(StudioError);
          }
        },
      ),
      { seed: 2, numRuns: 2000 },
    );
  });
});

describe('files written by other tools', () => {
  const paths = readdirSync(modelsFolder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.safetensors'),
  );

  it.each(paths)('reads %s', async (path) => {
    const opened = await open(new Uint8Array(readFileSync(join(modelsFolder, path))));
    expect(opened.tensors.size).toBeGreaterThan(0);
    for (const name of opened.tensors.keys()) {
      const values = await readFloat32(opened, name);
      expect(values.every(Number.isFinite)).toBe(true);
      expect(values.length).toBe(product(opened.tensors.get(name)!.shape));
    }
  });
});
