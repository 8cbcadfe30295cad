// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { StepRecord } from '../../../src/protocol';
import { config, rollout, run, step } from '../records';
import { openStudio, painted, withLayout } from './screen';

withLayout();

const press = (key: string, target: Element = document.body) =>
  act(async () => void fireEvent.keyDown(target, { key }));
/** Rewards 12 and 2 in group 0: mean 7, deviation √50 = 7.0711, advantages ±0.7071. */
const record: StepRecord = {
  ...step(3),
  rollouts: [
    rollout(3, 0, 0, { advantage: Math.SQRT1_2 }),
    rollout(3, 0, 1, {
      completion: '<dx>Guess.\u202e</dx><conclusion>\\boxed{C}</conclusion>',
      rewards: { accuracy: 0, format: 1.5, language: 1 },
      reward: 2,
      advantage: -Math.SQRT1_2,
      truncated: true,
    }),
    rollout(3, 1, 0, { caseId: 'case-dead', completion: '<script>alert(1)</script>' }),
    rollout(3, 1, 1, {
      caseId: 'case-dead',
      reward: null,
      unscored: 'The language objective failed.',
      rewards: { accuracy: null },
    }),
  ],
};

async function opened(hash = '#/rollouts', changes: Partial<typeof config> = {}) {
  const studio = await openStudio(hash);
  await studio.tell(
    { type: 'run', run: run({ config: { ...config, ...changes } }) },
    { type: 'step', runId: 'run-1', record },
  );
  await waitFor(() => expect(screen.getByRole('grid')).toBeTruthy());
  await painted();
  return studio;
}

const rows = () =>
  within(screen.getByRole('grid'))
    .getAllByRole('row')
    .map((row) => [...row.querySelectorAll('[role=gridcell]')].map((cell) => cell.textContent).join('|'));

describe('the list', () => {
  it('says what will appear before there is any', async () => {
    await openStudio('#/rollouts');
    expect(screen.getByText('What the policy writes appears here')).toBeTruthy();
  });

  it('groups by prompt with its mean, and marks right, wrong and unscored', async () => {
    await opened();
    expect(rows().slice(1)).toEqual([
      'case case-0step 3gold A1/2 rightreward 7.00 ± 7.07',
      '3|case-0|✓A / A|1.00|1.50|1.00|12.00|+0.71|20|<dx>Because.</dx><conclusion>So \\boxed{A}</conclusion>',
      '3|case-0|✗C / A|0.00|1.50|1.00|2.00|−0.71|21 ✂|<dx>Guess.⟨202E⟩</dx><conclusion>\\boxed{C}</conclusion>',
      'case case-deadstep 3gold A1/2 rightreward 12.00 ± 0.001 unscored',
      '3|case-dead|✓– / A|1.00|1.50|1.00|12.00|0.00|20|<script>alert(1)</script>',
      '3|case-dead|·A / A|–|–|–|unscored|0.00|21|<dx>Because.</dx><conclusion>So \\boxed{A}</conclusion>',
    ]);
  });

  it('says how many are kept', async () => {
    await opened();
    expect(screen.getByText('newest 4; whole steps are kept up to 2,000')).toBeTruthy();
  });

  it('filters by text with / and sorts', async () => {
    await opened();
    await press('/');
    const search = screen.getByRole('searchbox');
    expect(document.activeElement).toBe(search);
    await act(async () => void fireEvent.change(search, { target: { value: 'guess' } }));
    await waitFor(() => expect(rows().length).toBe(3));
    await act(async () => void fireEvent.change(search, { target: { value: 'nothing like it' } }));
    await waitFor(() => expect(screen.getByText('No rollout matches')).toBeTruthy());
    await act(async () => void fireEvent.change(search, { target: { value: '' } }));
    await act(
      async () => void fireEvent.change(screen.getByLabelText('Order'), { target: { value: 'length' } }),
    );
    expect(rows()[1]).toContain('21');
    expect(location.search).toBe('?sort=length');
  });

  it('holds still under the pointer and offers what is new', async () => {
    const { tell } = await opened();
    await act(async () => void fireEvent.pointerEnter(screen.getByRole('grid').parentElement!));
    await act(async () => void fireEvent.pointerOver(screen.getByRole('grid').parentElement!));
    await tell({ type: 'step', runId: 'run-1', record: step(4) });
    await waitFor(() => expect(screen.getByText('4 new rollouts ↑')).toBeTruthy());
    expect(rows()[1]).toContain('step 3');
    await act(async () => void fireEvent.click(screen.getByText('4 new rollouts ↑')));
    expect(rows()[1]).toContain('step 4');
  });

  it('names a selected row to screen readers only while it is drawn', async () => {
    const rollouts = Array.from({ length: 80 }, (_, index) => rollout(3, index, 0));
    const { tell } = await opened('#/rollouts/3/1/0');
    await tell({ type: 'step', runId: 'run-1', record: { ...step(3), rollouts } });
    const named = () => screen.getByRole('grid').getAttribute('aria-activedescendant');
    await waitFor(() => expect(document.getElementById(named() ?? '')?.textContent).toContain('12.00'));
    // Nothing scrolls here, so the last rows of eighty are never drawn.
    await act(async () => {
      location.hash = '#/rollouts/3/79/0';
    });
    await waitFor(() => expect(named()).toBeNull());
  });
});
