// @vitest-environment happy-dom
import { act, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MemoryPlan } from '../../../src/protocol';
import { model, ready, run } from '../records';
import { failure } from '../scripted';
import { openStudio, withLayout } from './screen';

withLayout();

const MIB = 2 ** 20;
const plan: MemoryPlan = {
  bytes: 412 * MIB,
  parts: { weights: 100 * MIB, kv: 299 * MIB, scratch: 12 * MIB, gradient: MIB, adapter: 0 },
  limitBytes: 4096 * MIB,
};

const onGpu = { hello: () => ({ ...ready, backend: { name: 'webgpu', software: false, engine: 'fused' } }) };

/** Longer than the rest that the question waits for. */
const rest = () => act(async () => void (await vi.advanceTimersByTimeAsync(600)));
const type = (label: string, value: string) =>
  act(async () => void fireEvent.change(screen.getByLabelText(label), { target: { value } }));
const summary = () =>
  [...document.querySelectorAll('summary')].find(({ textContent }) => textContent.startsWith('GPU memory'));
const line = () => summary()?.textContent ?? null;

describe('GPU memory before a run', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('says what will be held of what limit, and its parts when opened', async () => {
    const { trainer, session } = await openStudio('#/train', { ...onGpu, 'plan-memory': () => plan });
    expect(trainer().types()).not.toContain('plan-memory');
    await rest();
    expect(trainer().commands.at(-1)).toEqual({ type: 'plan-memory', config: session.state().draft });
    expect(line()).toBe('GPU memory 412 MiB of 4,096 MiB');
    const rows = within(screen.getByRole('table', { name: /The most that is held/ })).getAllByRole('row');
    expect(rows.map((row) => row.textContent)).toEqual([
      'Keys and values of the rollouts299 MiB73 %',
      'Weights100 MiB24 %',
      'Scratch buffers12 MiB3 %',
      'Gradient1 MiB< 1 %',
    ]);
    expect(screen.queryByText(/More than the limit/)).toBeNull();
  });

  it('asks anew once the settings rest, and drops what comes too late', async () => {
    const answers: ((plan: MemoryPlan) => void)[] = [];
    const asked = () => new Promise((resolve) => answers.push(resolve));
    await openStudio('#/train', { ...onGpu, 'plan-memory': asked });
    await rest();
    await type('Learning rate', '1e-3');
    await type('Learning rate', '3e-4');
    await rest();
    expect(answers.length, 'one question for two keystrokes').toBe(2);
    await act(async () => answers[1]!({ ...plan, bytes: 20 * MIB }));
    expect(line()).toBe('GPU memory 20 MiB of 4,096 MiB');
    await act(async () => answers[0]!({ ...plan, bytes: 10 * MIB }));
    expect(line()).toBe('GPU memory 20 MiB of 4,096 MiB');

    const block = () => summary()!.closest('[aria-busy]')!;
    expect(block().getAttribute('aria-busy')).toBe('false');
    await type('Learning rate', '3e-');
    await rest();
    expect(answers.length, 'none for settings that are not valid').toBe(2);
    expect(block().getAttribute('aria-busy')).toBe('true');
  });

  it('asks anew for another model, and shows nothing of the one before', async () => {
    let loaded = 0;
    const { trainer, session } = await openStudio('#/train', {
      ...onGpu,
      'load-model': ({ name }: { name: string }) => ({ ...model, name, sha256: `${loaded++}` }),
      'plan-memory': () => ({ ...plan, bytes: (10 + loaded) * MIB }),
    });
    await rest();
    expect(line()).toBe('GPU memory 11 MiB of 4,096 MiB');
    await act(async () => {
      await session.loadModel('other', []);
      session.state();
    });
    expect(line()).toBeNull();
    await rest();
    expect(line()).toBe('GPU memory 12 MiB of 4,096 MiB');
    expect(
      trainer()
        .types()
        .filter((each) => each === 'plan-memory').length,
    ).toBe(2);
  });

  it('warns where it is more than the limit, says what to change, and lets the run start', async () => {
    const much = { ...plan, bytes: 5000 * MIB, parts: { weights: 1000 * MIB, kv: 4000 * MIB } };
    const { trainer } = await openStudio('#/train', { ...onGpu, 'plan-memory': () => much });
    await rest();
    expect(line()).toBe('GPU memory 5,000 MiB of 4,096 MiB');
    expect(screen.getByText(/^More than the limit/).textContent).toContain(
      'shorter completions or fewer rollouts per step',
    );
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: 'Train' })));
    expect(trainer().types()).toContain('start');
  });

  it('goes while a run is on, and comes back after it', async () => {
    const { tell, trainer } = await openStudio('#/train', { ...onGpu, 'plan-memory': () => plan });
    await rest();
    await tell({ type: 'run', run: run() });
    expect(line()).toBeNull();
    await tell({ type: 'run', run: run({ status: 'finished' }) });
    expect(line()).toBe('GPU memory 412 MiB of 4,096 MiB');
    expect(trainer().types()).toContain('plan-memory');
  });

  it.each<[string, Parameters<typeof openStudio>[1]]>([
    ['plain ops', { hello: onGpu.hello, 'plan-memory': () => null }],
    ['WebAssembly', { 'plan-memory': () => null }],
  ])('is not there with %s', async (_, script) => {
    await openStudio('#/train', script);
    await rest();
    expect(line()).toBeNull();
  });

  it('says why it could not be counted, and what to do', async () => {
    const broken = (): never => {
      throw failure({ message: 'A tensor is too large.', action: 'Take a smaller model.' });
    };
    await openStudio('#/train', { ...onGpu, 'plan-memory': broken });
    await rest();
    const panel = within(screen.getByRole('region', { name: 'Run' }));
    expect(panel.getByText('A tensor is too large.')).toBeTruthy();
    expect(panel.getByText('Take a smaller model.')).toBeTruthy();
  });
});
