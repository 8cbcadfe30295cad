// @vitest-environment happy-dom
import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { RolloutRecord, ScoredCompletion, ScorerCommand } from '../../../src/protocol';
import { entryAfter } from '../../../src/studio/ui/rollouts/EvidencePanel';
import { distance } from '../../../src/studio/ui/rollouts/MarkedText';
import {
  clinicalObjectives,
  clinicalRewards,
  clinicalRollout,
  clinicalScored,
  config,
  ready,
  rollout,
  run,
  scored,
  step,
} from '../records';
import { failure } from '../scripted';
import { openStudio, withLayout } from './screen';

withLayout();

const press = (key: string, target: Element = document.activeElement ?? document.body) =>
  act(async () => void fireEvent.keyDown(target, { key }));

/** Rewards 12 and 2 in group 0: mean 7, deviation √50 = 7.0711, advantages ±0.7071. */
const plainRollouts = [
  rollout(3, 0, 0, { advantage: Math.SQRT1_2 }),
  rollout(3, 0, 1, {
    completion: '<dx>Guess.\u202e</dx><conclusion>\\boxed{B}</conclusion>',
    rewards: { accuracy: 0, format: 1.5, language: 1 },
    contributions: { accuracy: 0, format: 1.5, language: 0.5 },
    reward: 2,
    advantage: -Math.SQRT1_2,
    truncated: true,
  }),
  rollout(3, 1, 0, { completion: '<script>alert(1)</script>' }),
  rollout(3, 1, 1, {
    reward: null,
    unscored: 'The language objective failed.',
    rewards: { accuracy: null },
    contributions: {},
  }),
];
const guessed = scored({
  rewards: plainRollouts[1]!.rewards,
  contributions: plainRollouts[1]!.contributions,
  reward: 2,
});

/** Rewards 12.2 and 11.2: mean 11.7, deviation √0.5 = 0.7071. */
const clinicalRollouts = [
  clinicalRollout(0, { advantage: Math.SQRT1_2 }),
  clinicalRollout(1, { reward: 11.2, advantage: -Math.SQRT1_2 }),
];

interface Opening {
  readonly at: string;
  readonly rollouts: readonly RolloutRecord[];
  readonly score: (command: ScorerCommand) => unknown;
  readonly settings?: Partial<typeof config>;
}

async function opened({ at, rollouts, score, settings = {} }: Opening) {
  const studio = await openStudio(
    `#/rollouts/${at}`,
    { hello: () => ({ ...ready, objectives: clinicalObjectives }) },
    {},
    { score },
  );
  await studio.tell(
    { type: 'run', run: run({ config: { ...config, ...settings } }) },
    { type: 'step', runId: 'run-1', record: { ...step(rollouts[0]!.step), rollouts } },
  );
  await screen.findByRole('region', { name: 'Completion' }, { timeout: 5000 });
  return studio;
}

const plain = (at: string, settings?: Opening['settings'], now: ScoredCompletion = guessed) =>
  opened({ at, rollouts: plainRollouts, score: () => now, ...(settings && { settings }) });

const clinical = (score: Opening['score'] = () => clinicalScored()) =>
  opened({ at: '7/0/0', rollouts: clinicalRollouts, score, settings: { rewards: clinicalRewards } });

const tableRows = (name: string) =>
  within(screen.getByRole('table', { name }))
    .getAllByRole('row')
    .map((row) => [...row.children].map((cell) => cell.textContent?.trim()).join(' | '));
const region = (name: string) => screen.getByRole('region', { name });
const marks = (name: string) =>
  [...region(name).querySelectorAll('mark')].map((mark) => [mark.dataset.number, mark.textContent]);
const options = () => within(screen.getByRole('listbox')).getAllByRole('option');
const standsOut = (name: string) =>
  [...region(name).querySelectorAll('mark')]
    .filter((mark) => /active/.test(mark.className))
    .map((mark) => mark.textContent);

describe('the reward', () => {
  it('is shown as arithmetic, and the advantage against its group', async () => {
    await plain('3/0/1');
    expect(tableRows('Reward')).toEqual([
      'Objective | weight | × value | = part',
      '1● Accuracy | 10 | 0.000 | 0.000',
      '2◆ Format | 1 | 1.500 | 1.500',
      '3✚ Language | 0.5 | 1.000 | 0.500',
      'Sum | 2.000',
    ]);
    expect(screen.getByText(/Group of 2: mean 7.000, standard deviation 7.071\./)).toBeTruthy();
    expect(screen.getByText('(2.000 − 7.000) / (7.071 + 1e-4) = −0.707')).toBeTruthy();
    await waitFor(() => expect(screen.getByText('the gold letter: 1')).toBeTruthy()); // scored
    expect(screen.queryByText(/Weights were changed/)).toBeNull();
    expect(screen.queryByText(/The rules of now/)).toBeNull();
  });

  it('keeps the record’s parts when the weights have changed since, and says so', async () => {
    const now = { ...guessed, contributions: { accuracy: 0, format: 3 } };
    const weights = { accuracy: 10, format: 2 };
    await plain('3/0/1', { rewards: { ...config.rewards, weights } }, now);
    await waitFor(() =>
      expect(
        screen.getByText(
          'Weights were changed after this step was scored: now Format would give 3.000, Language would give 0.000.',
        ),
      ).toBeTruthy(),
    );
    expect(tableRows('Reward').slice(2, 4)).toEqual([
      '2◆ Format | 2 | 1.500 | 1.500',
      '3✚ Language | 0 | 1.000 | 0.500',
    ]);
  });

  it('says when the rules of now give another value', async () => {
    await plain('3/0/1', {}, { ...guessed, rewards: { ...guessed.rewards, format: 1 } });
    await waitFor(() =>
      expect(
        screen.getByText(/The rules of now give otherwise: Format 1\.000, recorded 1\.500\./),
      ).toBeTruthy(),
    );
  });

  it('shows other ways to an advantage with their own formula', async () => {
    const rewards = [2, 12];
    const rollouts = rewards.map((reward, index) =>
      rollout(3, 0, index, { reward, advantage: 2 * reward - 14 }),
    );
    const advantage = { scale: 'leave-one-out', combine: 'sum-then-normalize', epsilon: 1e-4 } as const;
    await opened({ at: '3/0/0', rollouts, score: () => scored(), settings: { advantage } });
    // 2 against the other's 12.
    expect(screen.getByText('(2.000 − 7.000) · 2 / 1 = −10.000')).toBeTruthy();
  });

  it('explains the gate, and weight that went to another objective', async () => {
    await clinical();
    await waitFor(() => expect(tableRows('Reward')[0]).toContain('× gate'));
    expect(tableRows('Reward').slice(4)).toEqual([
      '4▲ Faithfulness | 0.6 → 0.8 | 0.500 | 0.50 | 0.200',
      '5▲ Support | 0.2 | does not apply',
      '6▼ Integrity | 0 | 0.500 | only watched',
      'Sum | 12.200',
    ]);
    expect(screen.getByText(/for faithfulness and comprehensiveness:/).textContent).toBe(
      'Gate × 0.50 for faithfulness and comprehensiveness: ✓ well-formed, ✓ one box, integrity 0.50.',
    );
    expect(
      screen.getByText('Support does not apply to this case; the weight went to Faithfulness.'),
    ).toBeTruthy();
  });

  it('says what closed the gate', async () => {
    const gate = { wellFormed: false, boxes: 2, integrity: 0.5, factor: 0 };
    await clinical(() => clinicalScored({ gate }));
    await waitFor(() =>
      expect(screen.getByText(/for faithfulness and comprehensiveness:/).textContent).toBe(
        'Gate × 0.00 for faithfulness and comprehensiveness: ✗ not well-formed, ✗ 2 boxes, integrity 0.50. A closed gate leaves them no part in the reward.',
      ),
    );
  });

  it('gives the reason of an unscored rollout', async () => {
    await plain('3/1/1');
    expect(screen.getByText('The language objective failed.')).toBeTruthy();
    expect(screen.getByText(/1 scored/)).toBeTruthy();
  });
});

describe('the texts', () => {
  it('show structure and hidden characters, and never run what a policy writes', async () => {
    await plain('3/0/1');
    expect(within(region('Completion')).getByText('⟨202E⟩')).toBeTruthy();
    expect(within(region('Completion')).getByTitle('Boxed answer').textContent).toBe('\\boxed{B}');
    expect(within(region('Completion')).getByText('cut at the token limit')).toBeTruthy();
    await press('j');
    await waitFor(() => expect(region('Completion').textContent).toContain('<script>alert(1)</script>'));
    expect(document.querySelector('pre script')).toBeNull();
  });

  it('stay whole and light when a collapsed policy writes nothing but tags or hidden characters', async () => {
    const texts = ['<dx>'.repeat(16_000), 'x\u200b'.repeat(20_000)];
    const rollouts = texts.map((completion, index) => rollout(3, 0, index, { completion }));
    await opened({ at: '3/0/0', rollouts, score: () => scored() });
    const pre = () => region('Completion').querySelector('pre')!;
    expect(pre().textContent).toBe(texts[0]);
    expect(pre().querySelectorAll('*').length).toBeLessThan(3_000);
    await press('l', document.body);
    await waitFor(() => expect(pre().textContent).toBe(texts[1]!.replaceAll('\u200b', '⟨200B⟩')));
    expect(pre().querySelectorAll('*').length).toBeLessThan(3_000);
  });

  it('show the case with its gold option and what was boxed, and the prompt on demand', async () => {
    await plain('3/0/1');
    expect([...region('Case').querySelectorAll('li')].map((option) => option.textContent)).toEqual([
      'AMeasles✓ gold',
      'BAsthma✗ boxed',
    ]);
    expect(region('Case').textContent).toContain('Question 0?');
    expect(region('Prompt').querySelector('details')?.open).toBe(false);
    expect(region('Prompt').textContent).toContain('Question 0?');
  });

  it('show the evidence of the chosen objective on both, overlaps split', async () => {
    await clinical();
    await waitFor(() => expect(marks('Completion').length).toBe(3));
    // "Fever" is item 1 inside item 2, which goes on after it without another number.
    expect(marks('Completion')).toEqual([
      ['1·2', 'Fever'],
      [undefined, ' and a rash'],
      ['3', 'He has a cough'],
    ]);
    expect(marks('Case')).toEqual([
      ['4', '30-year-old'],
      ['1', 'fever'],
      ['2', 'a rash'],
      ['3', 'denies cough'],
    ]);
    expect(region('Completion').textContent).toContain(clinicalRollouts[0]!.completion);
  });

  it('ask the scorer just what the trainer asked it', async () => {
    const { scorers } = await clinical();
    await waitFor(() => expect(scorers[0]?.commands.length).toBe(1));
    const record = clinicalRollouts[0]!;
    expect(scorers[0]!.commands[0]).toEqual({
      type: 'score',
      rewards: clinicalRewards,
      input: {
        completion: record.completion,
        case: record.case,
        tags: config.prompt.tags,
        addOpeningTag: config.prompt.addOpeningTag,
        eos: '<|im_end|>',
        length: { tokens: record.completionTokens, limit: config.sampling.maxCompletionTokens },
      },
    });
  });
});

describe('the evidence', () => {
  it('lists rule, counts, arithmetic and items, each with kind, marker, value and reason', async () => {
    await clinical();
    await waitFor(() => expect(options().length).toBe(4));
    expect(screen.getByText('2 / (2 + 2 · 1) = 0.5')).toBeTruthy();
    expect(region('Evidence').querySelector('dl')?.textContent).toBe(
      'ruleclaims checkedgrounded2claims in all3',
    );
    expect(options().map((option) => option.textContent)).toEqual([
      '1✓\u00a0supportedfever1',
      '2✓\u00a0supportedfever and a rashin one sentence1',
      '3⚠\u00a0contradictedcoughthe case denies it1',
      '4○\u00a0not citedage 300',
    ]);
  });

  it('follows the digit keys, and moves through items with j and k or arrows', async () => {
    await clinical();
    await waitFor(() => expect(options().length).toBe(4));
    await press('6', document.body);
    await waitFor(() => expect(region('Evidence').textContent).toContain('Integrity: why'));
    expect(location.search).toBe('?objective=integrity');
    expect(options().map((option) => option.textContent)).toEqual([
      '1⚠\u00a0repetitionrepeated 4-gramsin neither text0.5',
    ]);
    // An objective that found nothing to list takes the keys all the same.
    await press('5', document.body);
    await waitFor(() => expect(region('Evidence').textContent).toContain('Support: why'));
    await press('j');
    expect(location.hash).toBe('#/rollouts/7/0/0');
    await press('4', document.body);
    await waitFor(() => expect(options().length).toBe(4));
    const list = screen.getByRole('listbox');
    expect(document.activeElement).toBe(list);
    await press('j');
    await press('j');
    await press('ArrowDown');
    await press('ArrowDown');
    await press('k');
    expect(list.getAttribute('aria-activedescendant')).toBe('evidence-2');
    expect(standsOut('Completion')).toEqual(['He has a cough']);
    expect(standsOut('Case')).toEqual(['denies cough']);
    expect(location.hash).toBe('#/rollouts/7/0/0'); // j and k did not move the list of rollouts
    await press('Escape');
    expect(document.activeElement).not.toBe(list);
    expect(standsOut('Completion')).toEqual([]);
    expect(location.hash).toBe('#/rollouts/7/0/0'); // and Escape left only the list
  });

  it('points into both texts while an item is under the pointer', async () => {
    await clinical();
    await waitFor(() => expect(options().length).toBe(4));
    await act(async () => void fireEvent.pointerEnter(options()[1]!));
    await act(async () => void fireEvent.pointerOver(options()[1]!));
    expect(standsOut('Completion')).toEqual(['Fever', ' and a rash']);
    expect(standsOut('Case')).toEqual(['a rash']);
    await act(async () => void fireEvent.pointerOut(options()[1]!));
    expect(standsOut('Completion')).toEqual([]);
  });

  it('selects the item of a clicked highlight, and with a further click what lies beneath', async () => {
    await clinical();
    await waitFor(() => expect(marks('Completion').length).toBe(3));
    const chosen = () => options().findIndex((option) => option.getAttribute('aria-selected') === 'true');
    const [fever] = region('Completion').querySelectorAll('mark');
    await act(async () => void fireEvent.click(fever!));
    expect(chosen()).toBe(0);
    await act(async () => void fireEvent.click(fever!));
    expect(chosen()).toBe(1);
    await act(async () => void fireEvent.click(fever!));
    expect(chosen()).toBe(0);
    await act(async () => void fireEvent.click(options()[3]!));
    expect(standsOut('Case')).toEqual(['30-year-old']);
  });

  it('lists the spans of an objective without items', async () => {
    await clinical();
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: /Format/ })));
    await waitFor(() => expect(options().length).toBe(2));
    expect(options().map((option) => option.textContent)).toEqual([
      '1•\u00a0reasoningFever an',
      expect.stringMatching(/^2•\u00a0conclusion/),
    ]);
  });

  it('says that an objective does not apply', async () => {
    await clinical();
    await waitFor(() => expect(options().length).toBe(4));
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: /Support/ })));
    expect(within(region('Evidence')).getByText('It does not apply to this case.')).toBeTruthy();
    expect(screen.queryAllByRole('option', { name: /fever/ })).toEqual([]);
  });

  it('says why there is none, and asks again', async () => {
    let calls = 0;
    await clinical(() => {
      if (++calls === 1)
        throw failure({ boundary: 'reward', code: 'eos-empty', message: 'No end.', action: 'Name it.' });
      return clinicalScored();
    });
    await waitFor(() => expect(screen.getByText('No end.')).toBeTruthy());
    expect(screen.getByText('No end.').closest('[role=alert]')?.textContent).toContain('Name it.');
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: 'Score again' })));
    await waitFor(() => expect(options().length).toBe(4));
  });

  it('of a record without its case is missed aloud', async () => {
    const { case: _, contributions: __, ...old } = rollout(3, 0, 0);
    await opened({ at: '3/0/0', rollouts: [old as RolloutRecord], score: () => scored() });
    expect(
      screen.getByText('There is no evidence: this rollout was recorded without its case.'),
    ).toBeTruthy();
    expect(screen.getByText(/recorded before the parts of a reward were/)).toBeTruthy();
    expect(tableRows('Reward').at(-1)).toBe('Sum | 12.000');
  });
});

describe('editing', () => {
  /** The scorer of this test: an edited text loses its contradiction, faithfulness 1 and its part 0.4. */
  const score = ({ input }: ScorerCommand): ScoredCompletion => {
    if (input.completion.includes('cough')) return clinicalScored();
    const better = { ...clinicalScored().evidence.faithfulness!, items: [], arithmetic: '2 / 2 = 1' };
    return clinicalScored({
      rewards: { ...clinicalScored().rewards, faithfulness: 1 },
      contributions: { ...clinicalScored().contributions, faithfulness: 0.4 },
      reward: 12.4,
      evidence: { ...clinicalScored().evidence, faithfulness: better },
    });
  };
  const editor = () => screen.getByLabelText('Completion, edited') as HTMLTextAreaElement;
  const type = (value: string) => act(async () => void fireEvent.change(editor(), { target: { value } }));
  const original = clinicalRollouts[0]!.completion;
  const better = original.replace(' He has a cough.', '');

  async function edited(at = '7/0/0', settings: Opening['settings'] = {}) {
    const studio = await opened({
      at,
      rollouts: clinicalRollouts,
      score,
      settings: { rewards: clinicalRewards, ...settings },
    });
    await press('e');
    return studio;
  }

  it('scores what is written and shows every change against the original', async () => {
    const { store } = await edited();
    expect(editor().value).toBe(original);
    expect(screen.getByText('edited, not part of the run')).toBeTruthy();
    await waitFor(() =>
      expect(tableRows('Reward of the edited text').at(-1)).toBe('Sum | 12.200 | 12.200 | ='),
    );
    await type(better);
    await waitFor(() =>
      expect(tableRows('Reward of the edited text').slice(4)).toEqual([
        '4▲ Faithfulness | 0.500 | 1.000 | 0.200 | 0.400 | ▲ +0.200',
        '5▲ Support | – | – | – | – | =',
        '6▼ Integrity | 0.500 | 0.500 | – | – | =',
        'Sum | 12.200 | 12.400 | ▲ +0.200',
      ]),
    );
    expect(within(region('Evidence')).getByText('2 / 2 = 1')).toBeTruthy();
    expect(region('Completion').querySelector('pre')?.textContent).toBe(better);
    // 12.4 and 11.2: mean 11.8, deviation √0.72; 0.6 / (0.8485 + 0.0001) = +0.71. The rank stays.
    expect(screen.getByText(/the edited text would have rank/).textContent).toBe(
      'In this place of its group of 2 the edited text would have rank 1 → 1 and advantage +0.71 → +0.71',
    );
    expect(store.snapshot().rollouts[0]).toEqual(clinicalRollouts[0]);
  });

  it('ranks by the run’s own advantage, and says where a group alone does not decide', async () => {
    await edited('7/0/1', { advantage: { scale: 'none', combine: 'sum-then-normalize', epsilon: 1e-4 } });
    await type(better);
    // 12.4 in place of 11.2, beside 12.2: mean 12.3, so +0.1 and the first place.
    await waitFor(() =>
      expect(screen.getByText(/would have rank/).textContent).toContain(
        'rank 2 → 1 and advantage −0.71 → +0.10',
      ),
    );
  });

  it('does not compute the advantage of a run that normalises over the batch', async () => {
    await edited('7/0/0', { advantage: { scale: 'std', combine: 'normalize-then-sum', epsilon: 1e-4 } });
    await waitFor(() =>
      expect(screen.getByText(/would have rank/).textContent).toContain(
        'not computed: this run normalises each objective over its whole batch.',
      ),
    );
  });

  it('undoes to what was scored, resets to the original, and undoes that too', async () => {
    await edited();
    const button = (name: string) => screen.getByRole('button', { name }) as HTMLButtonElement;
    expect([button('Undo').disabled, button('Reset').disabled]).toEqual([true, true]);
    await type(better);
    await waitFor(() => expect(tableRows('Reward of the edited text').at(-1)).toContain('12.400'));
    await type(`${better} m`); // typed on before it is scored: undone as one
    await type(`${better} more`);
    await act(async () => void fireEvent.click(button('Undo')));
    expect(editor().value).toBe(better);
    await act(async () => void fireEvent.click(button('Reset')));
    expect(editor().value).toBe(original);
    expect(button('Reset').disabled).toBe(true);
    await act(async () => void fireEvent.click(button('Undo')));
    expect(editor().value).toBe(better);
    await act(async () => void fireEvent.click(button('Undo')));
    expect(editor().value).toBe(original);
    expect(button('Undo').disabled).toBe(true);
  });

  it('sends only the text that the person paused at', async () => {
    const { scorers } = await edited();
    await waitFor(() => expect(scorers[0]?.commands.length).toBe(2)); // the original, and it as a draft
    await type(`${better}1`);
    await type(`${better}12`);
    await type(`${better}123`);
    await waitFor(() => expect(scorers[0]?.commands.length).toBe(3));
    expect(scorers[0]!.commands[2]!.input.completion).toBe(`${better}123`);
  });

  it('keeps the draft while other rollouts are looked at, and shows the original when done', async () => {
    await edited();
    await type(better);
    await press('l', document.body);
    await waitFor(() => expect(location.hash).toBe('#/rollouts/7/0/1'));
    expect(editor().value).toBe(original);
    await press('h', document.body);
    await waitFor(() => expect(editor().value).toBe(better));
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: /^Done/ })));
    expect(region('Completion').textContent).toContain(original);
    expect(tableRows('Reward').at(-1)).toBe('Sum | 12.200');
  });

  it('copies the edited text', async () => {
    const writeText = vi.fn(async () => {});
    vi.spyOn(navigator, 'clipboard', 'get').mockReturnValue({ writeText } as unknown as Clipboard);
    await edited();
    await type(better);
    await act(async () => void fireEvent.click(screen.getByRole('button', { name: 'Copy text' })));
    expect(writeText).toHaveBeenCalledWith(better);
  });
});

describe('moving and scrolling', () => {
  it('stays inside the list of the evidence', () => {
    expect(
      ['j', 'ArrowDown', 'k', 'ArrowUp', 'Home', 'End', 'x'].map((key) => entryAfter(key, null, 3)),
    ).toEqual([0, 0, 2, 2, 0, 2, null]);
    expect(entryAfter('j', 2, 3)).toBe(2);
    expect(entryAfter('k', 0, 3)).toBe(0);
    expect(entryAfter('j', null, 0)).toBeNull();
  });

  it('scrolls no further than a mark needs', () => {
    const box = new DOMRect(0, 100, 300, 200); // 100 … 300
    const at = (top: number, height = 20) => distance(box, new DOMRect(0, top, 50, height));
    expect(at(150)).toBe(0);
    expect(at(60)).toBe(-40 - 24);
    expect(at(300)).toBe(20 + 24);
    expect(at(280, 400)).toBe(180); // taller than the box: its start comes to the top, not its end
  });
});
