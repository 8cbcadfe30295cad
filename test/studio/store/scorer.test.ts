import { describe, expect, it } from 'vitest';
import type { ScorerCommand, ScoringInput } from '../../../src/protocol';
import { Scorer } from '../../../src/studio/store/scorer';
import { config, scored } from '../records';
import { failure, ScriptedWorker } from '../scripted';

const input = (completion: string): ScoringInput => ({
  completion,
  case: { question: 'Q?', options: { A: 'a', B: 'b' }, answer: 'A' },
  tags: 'dx',
  eos: '<|im_end|>',
  addOpeningTag: false,
});

type Answer = (command: ScorerCommand, worker: ScriptedWorker<ScorerCommand>) => unknown;

/** A scorer whose workers answer by `answer`, in the order they were started. */
function open(answer: Answer) {
  const workers: ScriptedWorker<ScorerCommand>[] = [];
  const scorer = new Scorer(() => {
    const worker: ScriptedWorker<ScorerCommand> = new ScriptedWorker<ScorerCommand>({
      score: (command: ScorerCommand) => answer(command, worker),
    });
    workers.push(worker);
    return worker;
  });
  const score = (completion: string, signal?: AbortSignal) =>
    scorer.score(input(completion), config.rewards, signal);
  const texts = () => workers.map(({ commands }) => commands.map((each) => each.input.completion));
  return { score, texts, workers };
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error) => error.record.code,
  );

/** Dies over the command instead of answering. */
const crash: Answer = (_, worker) => {
  worker.crash('out of memory');
  return new Promise(() => {});
};

describe('Scorer', () => {
  it('starts no worker until a text is scored, and then only one', async () => {
    const { score, texts, workers } = open(() => scored());
    expect(workers).toEqual([]);
    expect(await score('first')).toEqual(scored());
    await score('second');
    expect(texts()).toEqual([['first', 'second']]);
    expect(workers[0]!.commands[0]).toEqual({
      type: 'score',
      input: input('first'),
      rewards: config.rewards,
    });
  });

  it('scores one at a time, in order, and never sends what was given up meanwhile', async () => {
    const answers: (() => void)[] = [];
    const { score, texts } = open(() => new Promise((resolve) => answers.push(() => resolve(scored()))));
    const abandon = new AbortController();
    const first = score('first');
    const second = codeOf(score('second', abandon.signal));
    const third = score('third');
    await Promise.resolve();
    expect(texts()).toEqual([['first']]);
    abandon.abort();
    await expect.poll(() => answers.length).toBe(1);
    answers[0]!();
    await first;
    expect(await second).toBe('cancelled');
    await expect.poll(() => answers.length).toBe(2);
    answers[1]!();
    await third;
    expect(texts()).toEqual([['first', 'third']]);
  });

  it('drops an answer that comes after it was given up', async () => {
    const abandon = new AbortController();
    const { score } = open(() => {
      abandon.abort();
      return scored();
    });
    expect(await codeOf(score('late', abandon.signal))).toBe('cancelled');
  });

  it('tries a text once more in a new worker after a crash', async () => {
    let starts = 0;
    const { score, texts } = open((command, worker) => (++starts === 1 ? crash(command, worker) : scored()));
    expect(await score('heavy')).toEqual(scored());
    expect(texts()).toEqual([['heavy'], ['heavy']]);
  });

  it('names a second crash over the same text, and scores the next one all the same', async () => {
    const { score, texts } = open((command, worker) =>
      command.input.completion === 'deadly' ? crash(command, worker) : scored(),
    );
    await expect(score('deadly')).rejects.toMatchObject({
      record: {
        boundary: 'protocol',
        code: 'scorer-worker-stopped',
        message: 'The scorer worker stopped: out of memory.',
      },
    });
    expect(await score('harmless')).toEqual(scored());
    expect(texts()).toEqual([['deadly'], ['deadly'], ['harmless']]);
  });

  it('does not try again what the rules refuse', async () => {
    const { score, texts } = open(() => {
      throw failure({ boundary: 'reward', code: 'objective-unknown' });
    });
    expect(await codeOf(score('any'))).toBe('objective-unknown');
    expect(texts()).toEqual([['any']]);
  });

  it('turns a worker that cannot be opened into the same named error', async () => {
    const scorer = new Scorer(() => {
      throw new Error('blocked by policy');
    });
    expect(await codeOf(scorer.score(input('any'), config.rewards))).toBe('scorer-worker-stopped');
  });
});
