import { describe, expect, it, vi } from 'vitest';
import type { ErrorRecord } from '../../../src/protocol';
import {
  type TrainerLink,
  type TrainerNews,
  WorkerLink,
  type WorkerPort,
} from '../../../src/studio/store/client';

type Listener = (event: never) => void;

/** A worker whose messages a test writes by hand. */
class FakePort implements WorkerPort {
  readonly sent: { type: string; requestId: number }[] = [];
  readonly #listeners = new Map<string, Listener[]>();
  terminated = false;
  postMessage(message: unknown) {
    this.sent.push(message as { type: string; requestId: number });
  }
  addEventListener(type: string, listener: Listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }
  terminate() {
    this.terminated = true;
  }
  emit(type: string, event: { data?: unknown; message?: string }) {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
  say(data: unknown) {
    this.emit('message', { data });
  }
}

function open() {
  const ports: FakePort[] = [];
  const news: TrainerNews[] = [];
  const crashes: ErrorRecord[] = [];
  const link: TrainerLink = new WorkerLink(
    'trainer',
    () => {
      const port = new FakePort();
      ports.push(port);
      return port;
    },
    { news: (event) => news.push(event), crash: (error) => crashes.push(error) },
  );
  return { link, ports, news, crashes };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error) => error.record.code,
  );

describe('WorkerLink', () => {
  it('answers each command by its number, in whatever order the answers come', async () => {
    const { link, ports } = open();
    link.start();
    const first = link.send({ type: 'list-checkpoints' });
    const second = link.send({ type: 'pause' });
    expect(ports[0]!.sent).toEqual([
      { type: 'list-checkpoints', requestId: 1 },
      { type: 'pause', requestId: 2 },
    ]);
    ports[0]!.say({ type: 'done', requestId: 2, result: 'second' });
    ports[0]!.say({ type: 'done', requestId: 1, result: [] });
    expect(await Promise.all([first, second])).toEqual([[], 'second']);
  });

  it('rejects with the record that the worker sent', async () => {
    const { link, ports } = open();
    link.start();
    const answer = link.send({ type: 'pause' });
    const error: ErrorRecord = { boundary: 'protocol', code: 'no-run', message: 'There is no run.' };
    ports[0]!.say({ type: 'failed', requestId: 1, error });
    await expect(answer).rejects.toMatchObject({ name: 'StudioError', record: error });
  });

  it('passes news on, and ignores an answer that nobody waits for', () => {
    const { link, ports, news } = open();
    link.start();
    ports[0]!.say({ type: 'lock', holdsLock: true });
    ports[0]!.say({ type: 'done', requestId: 99, result: null });
    expect(news).toEqual([{ type: 'lock', holdsLock: true }]);
  });

  it.each(['error', 'messageerror'] as const)(
    'rejects all that is pending on %s, and tells it once',
    async (type) => {
      const { link, ports, crashes } = open();
      link.start();
      const pending = [link.send({ type: 'pause' }), link.send({ type: 'stop' })];
      ports[0]!.emit(type, { message: 'out of memory' });
      ports[0]!.emit(type, { message: 'an echo' });
      expect(await Promise.all(pending.map(codeOf))).toEqual([
        'trainer-worker-stopped',
        'trainer-worker-stopped',
      ]);
      expect(crashes.length).toBe(1);
      expect(ports[0]!.terminated).toBe(true);
      expect(link.running).toBe(false);
    },
  );

  it('refuses commands after a crash for the same reason, until it is started again', async () => {
    const { link, ports } = open();
    link.start();
    ports[0]!.emit('error', { message: 'out of memory' });
    await expect(link.send({ type: 'pause' })).rejects.toMatchObject({
      record: { message: 'The trainer worker stopped: out of memory.' },
    });
    link.start();
    const answer = link.send({ type: 'stop' });
    ports[1]!.say({ type: 'done', requestId: ports[1]!.sent[0]!.requestId, result: 'stopped' });
    expect(await answer).toBe('stopped');
  });

  it('lets go of a replaced worker: pending commands are rejected and its late words are not heard', async () => {
    const { link, ports, news } = open();
    link.start();
    const pending = link.send({ type: 'pause' });
    link.start();
    expect(await codeOf(pending)).toBe('worker-replaced');
    expect(ports[0]!.terminated).toBe(true);
    ports[0]!.say({ type: 'lock', holdsLock: false });
    ports[0]!.emit('error', { message: 'late' });
    expect(news).toEqual([]);
    expect(link.running).toBe(true);
  });

  it('turns a worker that cannot be opened, and a command that cannot be cloned, into errors', async () => {
    const crash = vi.fn();
    const broken: TrainerLink = new WorkerLink(
      'trainer',
      () => {
        throw new Error('blocked by policy');
      },
      { news: () => {}, crash },
    );
    broken.start();
    expect(crash).toHaveBeenCalledOnce();
    await expect(broken.send({ type: 'pause' })).rejects.toMatchObject({
      record: { code: 'trainer-worker-stopped', message: expect.stringContaining('blocked by policy') },
    });

    const { link, ports } = open();
    link.start();
    ports[0]!.postMessage = () => {
      throw new DOMException('could not be cloned', 'DataCloneError');
    };
    expect(await codeOf(link.send({ type: 'pause' }))).toBe('command-not-sent');
  });
});
