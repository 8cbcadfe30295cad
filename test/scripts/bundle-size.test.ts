import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureBundle } from '../../scripts/lib/bundle-size.mjs';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'crpo-bundle-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Bytes that do not compress. */
function noise(bytes: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

describe('measureBundle', () => {
  it('measures each part gzipped, and finds the one that grew over its budget', () => {
    writeFileSync(join(folder, 'trainer.worker-a1.js'), noise(900_000));
    writeFileSync(join(folder, 'dataset.worker-b2.js'), 'x'.repeat(900_000));
    writeFileSync(join(folder, 'index-c3.js'), noise(10_000));
    writeFileSync(join(folder, 'index-c3.css'), noise(900_000));
    const parts = Object.fromEntries(measureBundle(folder).map((part) => [part.part, part]));
    expect(parts['trainer worker']).toMatchObject({ fits: false });
    expect(parts['trainer worker']!.kilobytes).toBeGreaterThan(890);
    expect(parts['dataset worker']).toMatchObject({ fits: true });
    expect(parts['dataset worker']!.kilobytes).toBeLessThan(5);
    expect(parts.page!.kilobytes).toBeCloseTo(10, 0);
  });

  it('does not call a missing part small', () => {
    rmSync(join(folder, 'dataset.worker-b2.js'));
    expect(measureBundle(folder).find(({ part }) => part === 'dataset worker')?.fits).toBe(false);
  });
});
