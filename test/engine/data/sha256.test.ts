import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Sha256 } from '../../../src/engine/data/sha256';

function sha256(text: string): string {
  return new Sha256().update(new TextEncoder().encode(text)).digest();
}

describe('Sha256', () => {
  it('gives the digests of the standard’s examples', () => {
    // NIST, Secure Hash Standard examples: the empty message, one block, two blocks, a million times "a".
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
    expect(sha256('a'.repeat(1_000_000))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  it('equals Node’s digest for any bytes in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 8 }), (pieces) => {
        const expected = createHash('sha256');
        const hash = new Sha256();
        for (const piece of pieces) {
          expected.update(piece);
          hash.update(piece);
        }
        expect(hash.digest()).toBe(expected.digest('hex'));
      }),
      { seed: 9, numRuns: 500 },
    );
  });
});
