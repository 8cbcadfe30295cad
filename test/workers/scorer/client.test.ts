import { describe, expect, it } from 'vitest';
import { presetRewards } from '../../../src/engine/rewards';
import type { Numbered, ScorerCommand, ScorerEvent, ScoringInput } from '../../../src/protocol';
import { type ScorerPort, scorerClient } from '../../../workers/scorer/client';
import { createScorerService } from '../../../workers/scorer/service';

const input = (completion: string): ScoringInput => ({
  completion,
  case: { question: 'Which?', options: { A: 'this', B: 'that' }, answer: 'A' },
  tags: 'think',
  eos: '<|im_end|>',
  addOpeningTag: false,
});
const released = presetRewards('released');

/** Answers on the next macrotask, newest first; dies over a completion that says so. */
function fakeWorker(terminated: () => void): ScorerPort {
  const due: Numbered<ScorerCommand>[] = [];
  const listeners = { message: (_: { data: ScorerEvent }) => {}, error: (_: { message?: string }) => {} };
  const answer = createScorerService((event) => listeners.message({ data: structuredClone(event) }));
  function deliver() {
    for (const command of due.splice(0).reverse()) {
      if (command.input.completion === 'die') return listeners.error({ message: 'out of memory' });
      answer(command);
    }
  }
  return {
    addEventListener(type: 'message' | 'error', listener: (event: never) => void) {
      Object.assign(listeners, { [type]: listener });
    },
    terminate: terminated,
    postMessage(command) {
      due.push(command);
      if (due.length === 1) setImmediate(deliver);
    },
  };
}

describe('scorerClient', () => {
  it('keeps many completions under way and gives each its own answer', async () => {
    const score = scorerClient(() => fakeWorker(() => {}));
    const texts = ['\\boxed{A}', '\\boxed{B}', '\\boxed{A} \\boxed{A}'];
    const scored = await Promise.all(texts.map((text) => score(input(text), released)));
    expect(scored.map(({ rewards }) => rewards.accuracy)).toEqual([1, 0, -2]);
  });

  it('opens no worker before the first completion, and one for all', async () => {
    let opened = 0;
    const score = scorerClient(() => {
      opened++;
      return fakeWorker(() => {});
    });
    expect(opened).toBe(0);
    await score(input('x'), released);
    await score(input('y'), released);
    expect(opened).toBe(1);
  });

  it('rejects by name what a dead worker owed, and goes on with a new one', async () => {
    let opened = 0;
    let terminated = 0;
    const score = scorerClient(() => {
      opened++;
      return fakeWorker(() => terminated++);
    });
    const owed = [score(input('x'), released), score(input('die'), released)];
    const outcomes = await Promise.allSettled(owed);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          record: {
            boundary: 'reward',
            code: 'scorer-stopped',
            message: expect.stringContaining('out of memory'),
          },
        },
      });
    }
    expect((await score(input('\\boxed{A}'), released)).rewards.accuracy).toBe(1);
    expect([opened, terminated]).toEqual([2, 1]);
  });

  it('passes on what the rules refuse', async () => {
    const score = scorerClient(() => fakeWorker(() => {}));
    await expect(score({ ...input('x'), eos: '' }, released)).rejects.toMatchObject({
      record: { code: 'eos-empty' },
    });
  });
});
