import { describe, expect, it } from 'vitest';
import { countInterrupts } from '../../../scripts/headless/interrupt.mjs';

/** What happens when Ctrl-C arrives at these milliseconds. */
function press(...times: number[]): string[] {
  const calls: string[] = [];
  let index = 0;
  const interrupt = countInterrupts({
    stop: () => calls.push('stop'),
    abort: () => calls.push('abort'),
    now: () => times[index] ?? 0,
  });
  for (; index < times.length; index++) interrupt();
  return calls;
}

describe('countInterrupts', () => {
  it('stops at the first and aborts at the second', () => {
    expect(press(1000)).toEqual(['stop']);
    expect(press(1000, 4000)).toEqual(['stop', 'abort']);
  });

  it('takes the signal that npm hands on for the same keypress', () => {
    expect(press(1000, 1003)).toEqual(['stop']);
    expect(press(1000, 1003, 4000, 4002)).toEqual(['stop', 'abort']);
  });
});
