import { describe, expect, it } from 'vitest';
import { Gate, RunStopped } from '../../../workers/trainer/gate';

/** Long enough for a loop that was let go to come round again. */
const later = () => new Promise((resolve) => setTimeout(resolve, 10));

function loopThrough(gate: Gate) {
  const progress = { passes: 0 };
  const ended = (async () => {
    for (;;) {
      await gate.pass();
      progress.passes++;
    }
  })();
  return { progress, ended: ended.catch((reason: unknown) => reason) };
}

describe('Gate', () => {
  it('holds while paused, tells so once, and goes on', async () => {
    const told: boolean[] = [];
    const gate = new Gate((held) => told.push(held));
    const { progress, ended } = loopThrough(gate);
    await later();
    expect(progress.passes).toBeGreaterThan(0);

    gate.pause();
    await later();
    const atPause = progress.passes;
    await later();
    expect(progress.passes).toBe(atPause);
    expect(told).toEqual([true]);

    gate.release();
    await later();
    expect(progress.passes).toBeGreaterThan(atPause);
    expect(told).toEqual([true, false]);
    gate.stop();
    await ended;
  });

  it('runs errands in order, also while it is held, and hands on what they throw', async () => {
    const gate = new Gate(() => {});
    const { ended } = loopThrough(gate);
    gate.pause();
    await later();
    const order: number[] = [];
    const first = gate.errand(async () => {
      await later();
      order.push(1);
      return 'saved';
    });
    const second = gate.errand(async () => {
      order.push(2);
      throw new Error('disk full');
    });
    await expect(first).resolves.toBe('saved');
    await expect(second).rejects.toThrow('disk full');
    expect(order).toEqual([1, 2]);
    gate.stop();
    await ended;
  });

  it('does not go on while an errand is still at work, even when released', async () => {
    const gate = new Gate(() => {});
    const { progress, ended } = loopThrough(gate);
    gate.pause();
    await later();
    const before = progress.passes;
    let during = -1;
    const errand = gate.errand(async () => {
      gate.release();
      await later();
      during = progress.passes;
    });
    await errand;
    expect(during).toBe(before);
    await later();
    expect(progress.passes).toBeGreaterThan(before);
    gate.stop();
    await ended;
  });

  it('stands while an errand is at work: a pause that comes then is told at once', async () => {
    const told: boolean[] = [];
    const gate = new Gate((held) => told.push(held));
    const { progress, ended } = loopThrough(gate);
    const heard: boolean[][] = [];
    await gate.errand(async () => {
      gate.pause();
      heard.push([...told]);
      await later();
      gate.release();
      gate.pause();
      heard.push([...told]);
      await later();
      gate.release();
    });
    expect(heard).toEqual([[true], [true, false, true]]);
    const before = progress.passes;
    await later();
    expect(progress.passes).toBeGreaterThan(before);
    expect(told).toEqual([true, false, true, false]);
    gate.stop();
    await ended;
  });

  it('stops a held run with RunStopped', async () => {
    const gate = new Gate(() => {});
    const { ended } = loopThrough(gate);
    gate.pause();
    await later();
    gate.stop();
    expect(await ended).toBeInstanceOf(RunStopped);
  });
});
