// @vitest-environment happy-dom
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { customObjective } from '../../../src/engine/rewards/custom';
import { prepareResponse } from '../../../src/engine/rewards/response';
import type {
  CustomObjective,
  ScoredCompletion,
  ScorerCommand,
  SettingDescriptor,
} from '../../../src/protocol';
import { StudioContext } from '../../../src/studio/ui/context';
import { RolloutList } from '../../../src/studio/ui/rollouts/RolloutList';
import { Curves } from '../../../src/studio/ui/train/Curves';
import { Settings } from '../../../src/studio/ui/train/Settings';
import { config, ready, rollout, run, step } from '../records';
import { failure, scriptedSession } from '../scripted';
import { withLayout } from './screen';

withLayout();

const customSetting: SettingDescriptor = {
  path: 'rewards.custom',
  group: 'Rewards',
  label: 'Your own objectives',
  help: 'Each counts.',
  kind: 'objectives',
  applies: 'next-step',
};

const hedging: CustomObjective = {
  name: 'hedging',
  match: { kind: 'terms', terms: ['maybe', 'it is possible'] },
  where: 'reasoning',
  cap: 4,
  weight: -0.5,
};

/** The engine's own scoring of custom objectives, and of nothing else. */
function scoreCustom({ input, rewards }: ScorerCommand): ScoredCompletion {
  const response = prepareResponse(input.completion, input);
  const results = rewards.custom.map((definition) => ({
    name: definition.name,
    ...customObjective(definition).score(response, input.case)!,
  }));
  return {
    rewards: Object.fromEntries(results.map(({ name, value }) => [name, value])),
    evidence: Object.fromEntries(results.map(({ name, evidence }) => [name, evidence])),
    contributions: {},
    reward: null,
    gate: null,
  };
}

async function openSettings(
  custom: readonly CustomObjective[] = [],
  scorer: (command: ScorerCommand) => ScoredCompletion = scoreCustom,
) {
  const scripted = scriptedSession(
    {
      hello: () => ({ ...ready, settings: [...ready.settings, customSetting] }),
      'change-settings': () => config,
    },
    {},
    { score: scorer as (command: never) => unknown },
  );
  render(
    <StudioContext value={scripted}>
      <Settings onHide={() => {}} />
    </StudioContext>,
  );
  const { session, store } = scripted;
  await act(async () => {
    await session.boot();
    session.edit({ ...config, rewards: { ...config.rewards, custom } });
    store.snapshot();
  });
  const fold = (dispatch: () => void) =>
    act(async () => {
      dispatch();
      store.snapshot();
    });
  return { ...scripted, fold, custom: () => session.state().draft!.rewards.custom };
}

const button = (name: string | RegExp) => screen.getByRole('button', { name }) as HTMLButtonElement;
const click = (name: string | RegExp) => act(async () => void fireEvent.click(button(name)));
/** In the form while it is open, else among the settings. */
const field = (label: string) => within(dialog() ?? document.body).getByLabelText(label) as HTMLInputElement;
const type = (label: string, value: string) =>
  act(async () => void fireEvent.change(field(label), { target: { value } }));
const choose = (name: string) => act(async () => void fireEvent.click(screen.getByRole('radio', { name })));
const dialog = () => screen.queryByRole('dialog');
/** What a screen reader says of a control beside its label. */
const described = (label: string) =>
  (field(label).getAttribute('aria-describedby') ?? '')
    .split(' ')
    .map((id) => document.getElementById(id)?.textContent ?? '')
    .join(' ')
    .trim();

describe('a new objective', () => {
  it('is written in a form and becomes part of the configuration', async () => {
    const { custom } = await openSettings();
    await click('Add an objective');
    await type('Name', 'hedging');
    await type('Terms, one a line', 'maybe\n\n  it is possible ');
    await type('Matches that earn all', '4');
    await type('Weight', '-0.5');
    await click('Save');
    await waitFor(() => expect(dialog()).toBeNull());
    expect(custom()).toEqual([hedging]);
    expect(field('Weight of hedging').value).toBe('-0.5');
    expect(screen.getByText(/2 terms/).textContent).toContain('2 terms: maybe, it is possible');
  });

  it('takes a pattern, and keeps the terms while the person looks at the other kind', async () => {
    const { custom } = await openSettings();
    await click('Add an objective');
    await type('Terms, one a line', 'maybe');
    await choose('a pattern');
    await type('Pattern', '(?i)cite[ds]?');
    await choose('listed terms');
    expect(field('Terms, one a line').value).toBe('maybe');
    await choose('a pattern');
    await type('Name', 'cites');
    await type('Counted in', 'conclusion');
    await click('Save');
    await waitFor(() => expect(dialog()).toBeNull());
    expect(custom()).toEqual([
      {
        name: 'cites',
        match: { kind: 'pattern', pattern: '(?i)cite[ds]?' },
        where: 'conclusion',
        cap: 5,
        weight: 1,
      },
    ]);
  });

  it('says what is wrong beside each field, to eyes and ears, and goes to the first', async () => {
    const { custom } = await openSettings([hedging]);
    await click('Add an objective');
    expect(field('Name').getAttribute('aria-invalid')).toBe('false'); // nothing written yet
    await click('Save');
    expect(document.activeElement).toBe(field('Name'));
    expect(described('Name')).toContain('It needs a name.');
    expect(described('Terms, one a line')).toContain('It needs at least one term.');
    await type('Name', 'hedging');
    expect(described('Name')).toContain('There is already an objective “hedging”.');
    await type('Name', 'accuracy');
    expect(described('Name')).toContain('There is already an objective “accuracy”.');
    await type('Name', '2nd');
    expect(described('Name')).toContain('A letter first');
    await type('Matches that earn all', '1.5');
    expect(described('Matches that earn all')).toContain('A whole number.');
    await type('Weight', '-101');
    expect(described('Weight')).toContain('At least -100.');
    for (const label of ['Name', 'Matches that earn all', 'Weight'])
      expect(field(label).getAttribute('aria-invalid'), label).toBe('true');
    expect(screen.getByText('A whole number.').getAttribute('aria-live')).toBe('polite');
    expect(custom()).toEqual([hedging]);
  });

  it('cannot be saved with a pattern that the engine refuses', async () => {
    const { custom } = await openSettings();
    await click('Add an objective');
    await type('Name', 'ahead');
    await choose('a pattern');
    await type('Pattern', 'a(?=b)');
    await click('Save');
    await waitFor(() => expect(described('Pattern')).toContain('invalid or unsupported Perl syntax: `(?=`'));
    expect(described('Pattern')).toContain('RE2 has no lookahead');
    expect(document.activeElement).toBe(field('Pattern'));
    expect(custom()).toEqual([]);
    await type('Pattern', 'ab');
    await waitFor(() => expect(field('Pattern').getAttribute('aria-invalid')).toBe('false'));
    await click('Save');
    await waitFor(() => expect(custom()).toHaveLength(1));
  });

  it('is saved where nobody can be asked: the trainer checks at the start', async () => {
    const { custom } = await openSettings([], () => {
      throw failure({ boundary: 'protocol', code: 'scorer-worker-stopped', message: 'It stopped.' });
    });
    await click('Add an objective');
    await type('Name', 'x');
    await type('Terms, one a line', 'maybe');
    await click('Save');
    await waitFor(() => expect(custom()).toHaveLength(1));
  });

  it('leaves nothing behind when cancelled', async () => {
    const { custom } = await openSettings();
    await click('Add an objective');
    await type('Name', 'x');
    await click('Cancel');
    expect(dialog()).toBeNull();
    expect(custom()).toEqual([]);
  });
});

describe('trying it', () => {
  const found = () => within(dialog()!).queryByRole('region', { name: 'The text with its matches' });
  const marks = () => [...(found()?.querySelectorAll('mark') ?? [])].map(({ textContent }) => textContent);
  const value = () => within(dialog()!).getByRole('status').textContent;

  it('marks the matches in a text and shows the arithmetic, as soon as match and cap are there', async () => {
    await openSettings();
    await click('Add an objective');
    expect(value()).toBe('Matches appear here once the objective is whole.');
    await type('Try it on a text', '<dx>Maybe. It is possible - maybe-</dx><conclusion>maybe</conclusion>');
    await type('Terms, one a line', 'maybe\nit is possible');
    await waitFor(() => expect(marks()).toEqual(['Maybe', 'It is possible', 'maybe']));
    expect(value()).toBe('3 matches. Value: min(3, 5) / 5 = 0.6');
    await type('Counted in', 'conclusion');
    await waitFor(() => expect(marks()).toEqual(['maybe']));
    expect(value()).toBe('1 match. Value: min(1, 5) / 5 = 0.2');
    expect(found()?.textContent).toBe(field('Try it on a text').value);
    await type('Try it on a text', 'no tags, maybe');
    await waitFor(() => expect(value()).toBe('0 matches. Value: no conclusion in an ill-formed response: 0'));
    expect(found()).toBeNull();
  });

  it('counts nothing with a pattern that is refused', async () => {
    await openSettings();
    await click('Add an objective');
    await choose('a pattern');
    await type('Pattern', '(');
    await waitFor(() => expect(value()).toBe('Nothing is counted yet.'));
    expect(described('Pattern')).toContain('missing closing )');
  });

  it('starts from the newest rollout, or from an example in the run’s tags', async () => {
    const { store, fold } = await openSettings();
    await click('Add an objective');
    expect(field('Try it on a text').value).toMatch(/^<dx>.*<\/dx>\n<conclusion>.*<\/conclusion>$/);
    await click('Cancel');
    const record = { ...step(1), rollouts: [rollout(1, 0, 0, { completion: 'the newest' })] };
    await fold(() => {
      store.dispatch({ type: 'trainer-news', event: { type: 'run', run: run() } });
      store.dispatch({ type: 'trainer-news', event: { type: 'step', runId: 'run-1', record } });
    });
    await click('Add an objective');
    expect(field('Try it on a text').value).toBe('the newest');
  });
});

describe('the list', () => {
  it('edits in place, under the same name too', async () => {
    const { custom } = await openSettings([hedging]);
    await click('Edit hedging');
    expect(dialog()!.textContent).toContain('Objective “hedging”');
    expect([field('Name').value, field('Terms, one a line').value]).toEqual([
      'hedging',
      'maybe\nit is possible',
    ]);
    await type('Matches that earn all', '9');
    await click('Save');
    await waitFor(() => expect(custom()).toEqual([{ ...hedging, cap: 9 }]));
  });

  it('duplicates under a free name', async () => {
    const { custom } = await openSettings([hedging]);
    await click('Duplicate hedging');
    expect(field('Name').value).toBe('hedging-2');
    await click('Save');
    await waitFor(() => expect(custom()).toEqual([hedging, { ...hedging, name: 'hedging-2' }]));
  });

  it('removes, and brings back where it was', async () => {
    const cites = { ...hedging, name: 'cites' };
    const { custom } = await openSettings([hedging, cites]);
    await click('Remove hedging');
    expect(custom()).toEqual([cites]);
    expect(screen.getByText(/“hedging” removed/).getAttribute('role')).toBe('status');
    expect(document.activeElement).toBe(button('Undo'));
    await click('Undo');
    expect(custom()).toEqual([hedging, cites]);
    expect(screen.queryByText(/removed/)).toBeNull();
  });

  it('changes a weight like any other, and holds a half-typed one', async () => {
    const { custom } = await openSettings([hedging]);
    await type('Weight of hedging', '2');
    expect(custom()[0]!.weight).toBe(2);
    await type('Weight of hedging', '-');
    expect(screen.getByText('1 to correct')).toBeTruthy();
    expect(described('Weight of hedging')).toBe('This needs a number.');
  });

  it('is full at twenty', async () => {
    await openSettings(Array.from({ length: 20 }, (_, index) => ({ ...hedging, name: `n${index}` })));
    expect(button('Add an objective').disabled).toBe(true);
    expect(button('Duplicate n0').disabled).toBe(true);
  });

  it('survives “Defaults” by its Undo', async () => {
    const { custom } = await openSettings([hedging]);
    await click('Defaults');
    expect(custom()).toEqual([]);
    await click('Undo');
    expect(custom()).toEqual([hedging]);
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });

  it('is taken up by a running run at its next step', async () => {
    const { store, fold, session, trainer } = await openSettings();
    await fold(() => store.dispatch({ type: 'trainer-news', event: { type: 'run', run: run() } }));
    await fold(() => session.edit({ ...config, rewards: { ...config.rewards, custom: [hedging] } }));
    expect(screen.getByText('+ hedging')).toBeTruthy();
    await click('Apply at the next step');
    expect(trainer().commands.at(-1)).toEqual({
      type: 'change-settings',
      changes: { 'rewards.custom': [hedging] },
    });
  });
});

describe('in a run', () => {
  it('has a curve with its own style, and a column, also as a penalty', async () => {
    const scripted = scriptedSession({ hello: () => ready });
    const record = step(1, { 'rewards/hedging/mean': 0.25 });
    const scored = { ...rollout(1, 0, 0), rewards: { accuracy: 1, hedging: 0.25 } };
    render(
      <StudioContext value={scripted}>
        <Curves />
        <RolloutList
          rows={[{ kind: 'rollout', rollout: scored }]}
          compact={false}
          selected={null}
          selectedId={undefined}
          onSelect={() => {}}
          onScrollTop={() => {}}
          topSignal={0}
        />
      </StudioContext>,
    );
    await act(async () => {
      await scripted.session.boot();
      const own = { ...config, rewards: { ...config.rewards, custom: [hedging] } };
      const { store } = scripted;
      store.dispatch({ type: 'trainer-news', event: { type: 'run', run: run({ config: own }) } });
      store.dispatch({ type: 'trainer-news', event: { type: 'step', runId: 'run-1', record } });
      store.snapshot();
    });
    const entry = await screen.findByRole('button', { name: /hedging$/ });
    expect(entry.textContent).toContain('★');
    const column = screen
      .getAllByRole('columnheader')
      .findIndex(({ textContent }) => textContent === 'hedging');
    expect(screen.getAllByRole('gridcell')[column]?.textContent).toBe('0.25');
  });
});

describe('reward presets', () => {
  it('show where the chosen one comes from, keep one’s own objectives, and say it to a screen reader', async () => {
    const { custom } = await openSettings([hedging]);
    const grpo = screen.getByRole('radio', { name: 'GRPO' });
    await act(async () => void fireEvent.click(grpo));
    expect(custom()).toEqual([hedging]);
    const source = document.getElementById(grpo.getAttribute('aria-describedby')!)!;
    expect([source.hidden, source.textContent]).toEqual([false, ready.rewardPresets[1]!.source]);
    const released = screen.getByRole('radio', { name: 'Released rule' });
    expect(document.getElementById(released.getAttribute('aria-describedby')!)!.hidden).toBe(true);
  });
});
