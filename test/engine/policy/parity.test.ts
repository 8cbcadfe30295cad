/** Every model in test/fixtures/models, or $MODEL_FIXTURES, against its reference, on the backends of Node. */
import { beforeAll, describe, expect, it } from 'vitest';
import { NODE_BACKENDS, useBackend } from '../tensor/backends';
import { modelFolder, modelNames, readReference } from './models';
import { PARITY_PARTS } from './parity';

describe.each(NODE_BACKENDS)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  describe.each(modelNames)('%s', (name) => {
    const reference = readReference(name);

    it.each(Object.entries(PARITY_PARTS))('agrees with the reference: %s', async (_, compare) => {
      const checks = await compare(modelFolder(name), reference);
      expect(checks.length).toBeGreaterThan(0);
      expect(checks.filter(({ error, limit }) => !(error < limit))).toEqual([]);
    });
  });
});
