// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { checkpoint, config, run, step, storage } from '../records';
import { openStudio, withLayout } from './screen';

withLayout();

const button = (name: string | RegExp) => screen.getByRole('button', { name });
const click = (name: string | RegExp) => act(async () => void fireEvent.click(button(name)));
const type = (label: string, value: string) =>
  act(async () => void fireEvent.change(screen.getByLabelText(label), { target: { value } }));
const steps = (from: number, to: number) =>
  Array.from(
    { length: to - from + 1 },
    (_, at) => ({ type: 'step', runId: 'run-1', record: step(from + at) }) as const,
  );

describe('settings', () => {
  it('are drawn from their descriptors, grouped, with what they mean and the paper’s value', async () => {
    await openStudio('#/train');
    expect((screen.getByLabelText('Learning rate') as HTMLInputElement).value).toBe('1e-4');
    expect((screen.getByLabelText('Mask truncated') as HTMLInputElement).type).toBe('checkbox');
    await act(async () => void fireEvent.focus(screen.getByLabelText('Learning rate')));
    expect(screen.getByText(/Step size\./)).toBeTruthy();
    expect(screen.getByText(/\(released code\)/)).toBeTruthy();
    await act(async () => void fireEvent.blur(screen.getByLabelText('Learning rate')));
    await click('Use 1e-6');
    expect((screen.getByLabelText('Learning rate') as HTMLInputElement).value).toBe('1e-6');
  });

  it('keep a half-typed number, refuse a bad one with its reason, and hold Train until it is right', async () => {
    const { session } = await openStudio('#/train');
    const field = screen.getByLabelText('Learning rate') as HTMLInputElement;
    await act(async () => void fireEvent.focus(field));
    await type('Learning rate', '3e-');
    expect(field.value).toBe('3e-');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect((button('Train') as HTMLButtonElement).disabled).toBe(true);
    expect(screen.getByText('Learning rate: This needs a number.')).toBeTruthy();
    await type('Learning rate', '3e-4');
    expect(session.state().draft?.optimizer.learningRate).toBe(3e-4);
    expect((button('Train') as HTMLButtonElement).disabled).toBe(false);
    await type('Learning rate', '7');
    expect(screen.getByText('At most 1.')).toBeTruthy();
  });

  it('turn a nullable number off by emptying it', async () => {
    const { session } = await openStudio('#/train');
    await type('Accuracy floor', '-1');
    expect(session.state().draft?.rewards.accuracyFloor).toBe(-1);
    await type('Accuracy floor', '');
    expect(session.state().draft?.rewards.accuracyFloor).toBeNull();
  });

  it('take presets whole', async () => {
    const { session } = await openStudio('#/train');
    await act(async () => void fireEvent.click(screen.getByRole('radio', { name: 'GRPO' })));
    expect(session.state().draft?.rewards).toEqual({
      ...config.rewards,
      preset: 'grpo',
      weights: { accuracy: 10 },
    });
    expect((screen.getByLabelText('Weight of format') as HTMLInputElement).value).toBe('0');
    await click('Paper');
    expect(session.state().draft?.name).toBe('clinical-r1');
    await click('Defaults');
    expect(session.state().draft).toEqual(config);
  });

  it('send a running run only what it can take up, and say what needs a new one', async () => {
    const { tell, trainer } = await openStudio('#/train', { 'change-settings': () => config });
    await tell({ type: 'run', run: run() });
    await type('Learning rate', '3e-4');
    await type('Top k', '20');
    expect(screen.getByText('1e-4 → 3e-4')).toBeTruthy();
    expect(screen.getByText('0 → 20')).toBeTruthy();
    await click('Apply at the next step');
    expect(trainer().commands.at(-1)).toEqual({
      type: 'change-settings',
      changes: { 'optimizer.learningRate': 3e-4 },
    });
    await click('Take back');
    expect((screen.getByLabelText('Top k') as HTMLInputElement).value).toBe('0');
  });
});

describe('a run', () => {
  it('shows its standing, its phases and an estimate after three steps', async () => {
    const { tell } = await openStudio('#/train');
    await tell({ type: 'run', run: run() }, ...steps(1, 3));
    expect(screen.getAllByText('estimating…').length).toBeGreaterThan(0);
    await tell(...steps(4, 6), {
      type: 'phase',
      runId: 'run-1',
      step: 7,
      phase: 'sample',
      done: 3,
      total: 4,
    });
    const panel = screen.getByRole('region', { name: 'Run' });
    expect(panel.textContent).toContain('step 6 of 10');
    expect(within(panel).getByText('60 %')).toBeTruthy();
    expect(within(panel).getByText('about 8 s left')).toBeTruthy(); // 4 steps of 2 s
    expect(within(panel).getByText('400 ms')).toBeTruthy();
    await waitFor(() => expect(screen.getByText('sampling 3/4')).toBeTruthy());
  });

  it('has the buttons of its state', async () => {
    const { tell, trainer } = await openStudio('#/train');
    await tell({ type: 'run', run: run() });
    await click(/^Pause/);
    await click('Save checkpoint');
    expect(trainer().types().slice(-2)).toEqual(['pause', 'save-checkpoint']);
    await tell({ type: 'run', run: run({ status: 'pausing' }) });
    expect((button(/^Pausing/) as HTMLButtonElement).disabled).toBe(true);
    await tell({ type: 'run', run: run({ status: 'paused' }) });
    await click(/^Continue/);
    await click('Stop');
    expect(trainer().types().slice(-2)).toEqual(['continue', 'stop']);
    await tell({ type: 'run', run: run({ status: 'finished', step: 10 }) });
    expect(button('Train')).toBeTruthy();
  });

  it('keeps the reason of its failure in sight', async () => {
    const { tell } = await openStudio('#/train');
    const error = {
      boundary: 'device',
      code: 'loss-not-finite',
      message: 'The loss of step 3 is NaN.',
      action: 'Lower the rate.',
    } as const;
    await tell({ type: 'run', run: run({ status: 'failed', error }) });
    expect(
      within(screen.getByRole('region', { name: 'Run' })).getByText('The loss of step 3 is NaN.'),
    ).toBeTruthy();
  });

  it('draws a curve per weighted objective, the reward with its band, and the health that was reported', async () => {
    const { tell } = await openStudio('#/train');
    // Language is measured, but without a weight.
    const rewards = { ...config.rewards, weights: { accuracy: 10, format: 1 } };
    await tell(
      { type: 'run', run: run({ config: { ...config, rewards } }) },
      ...steps(1, 6).map((event) => ({
        ...event,
        record: {
          ...event.record,
          metrics: {
            ...event.record.metrics,
            kl: 0.01,
            grad_norm: 1,
            'dead_groups/accuracy': 0.5,
            'dead_groups/format': 1,
            'dead_groups/language': 0,
          },
        },
      })),
      { type: 'checkpoints', checkpoints: [checkpoint(5)], storage },
    );
    await screen.findByRole('figure', { name: 'Mean of each objective' });
    const legend = ['Accuracy', 'Format', 'Language'].map((name) =>
      screen.getByRole('button', { name: new RegExp(`${name}$`) }),
    );
    expect(legend.map((entry) => entry.getAttribute('aria-pressed'))).toEqual(['true', 'true', 'false']);
    const lines = (name: string) =>
      screen.getByRole('figure', { name }).querySelectorAll('.recharts-line-curve, path[data-raw]').length;
    const all = () => ['Mean of each objective', 'Share of dead groups by objective', 'Reward'].map(lines);
    await waitFor(() => expect(all()).toEqual([2 * 2, 2 * 2, 2])); // raw and smoothed
    await act(async () => void fireEvent.click(legend[0]!));
    await waitFor(() => expect(all()).toEqual([2 * 1, 2 * 1, 2]));
    await act(async () => void fireEvent.click(legend[2]!));
    await waitFor(() => expect(all()).toEqual([2 * 2, 2 * 2, 2]));
    expect(screen.getByRole('figure', { name: 'Reward' }).querySelector('.recharts-area-area')).toBeTruthy();
    expect(screen.getByRole('figure', { name: 'KL' })).toBeTruthy();
    expect(screen.queryByRole('figure', { name: 'Entropy' })).toBeNull();
  });

  it('keeps smoothing and axis in the address', async () => {
    const { tell } = await openStudio('#/train');
    await tell({ type: 'run', run: run() }, ...steps(1, 3));
    await waitFor(() => expect(screen.getByRole('slider')).toBeTruthy());
    await act(async () => void fireEvent.change(screen.getByRole('slider'), { target: { value: '0.9' } }));
    await act(async () => void fireEvent.click(screen.getByRole('radio', { name: 'tokens' })));
    expect(location.search).toBe('?smoothing=0.9&x=tokens');
    expect(location.hash).toBe('#/train');
  });
});

describe('?capture', () => {
  it('is the curves alone, in the light theme', async () => {
    history.replaceState(null, '', '/?capture');
    const { tell } = await openStudio('#/train');
    await tell({ type: 'run', run: run() }, ...steps(1, 3));
    expect(screen.getByTestId('curves')).toBeTruthy();
    expect(screen.queryByRole('navigation')).toBeNull();
    expect(document.documentElement.dataset.theme).toBe('light');
  });
});
