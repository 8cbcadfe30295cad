import { beforeAll, expect, it } from 'vitest';
import { assertShape, tf } from '../../../src/engine/tensor';
import { StudioError } from '../../../src/protocol';
import { useBackend } from './backends';

beforeAll(() => useBackend('cpu'));

it('passes the exact shape and names what differs', () => {
  const logprobs = tf.zeros([2, 3]);
  assertShape(logprobs, [2, 3], 'logprobs');
  for (const shape of [[3, 2], [2], [2, 3, 1], []]) {
    const message = `internal: expected logprobs of shape [${shape.join(', ')}], received [2, 3].`;
    expect(() => assertShape(logprobs, shape, 'logprobs')).toThrow(
      new StudioError({ boundary: 'internal', code: 'tensor-shape', message }),
    );
  }
});
