import { describe, expect, it } from 'vitest';
import { flagCounts } from '../../../src/studio/store/flags';

describe('flagCounts', () => {
  it('has the flags of kept rows, the most frequent first, and no kind of bad line', () => {
    const counts = { 'json-invalid': 9, 'duplicate-options': 2, 'refers-to-image': 13, constructor: 1 };
    expect(flagCounts(counts)).toMatchObject([
      { kind: 'refers-to-image', count: 13 },
      { kind: 'duplicate-options', count: 2 },
    ]);
  });
});
