/** The inspector in a real browser: the evidence of a real rollout, and of a completion that a person edits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Browser,
  dropText,
  goTo,
  launch,
  noBrowser,
  prepareTinyRun,
  type StudioTab,
  stateOf,
  untilRun,
} from './studio';

/** Short vignettes of our own, so that the tiny policy's context holds them. */
const ROWS = ['fever and cough', 'dysuria and fever']
  .map((symptoms) => ({
    question: `A 40-year-old man has ${symptoms}. He denies rash. Which is it?`,
    options: { A: 'Flu', B: 'Gout', C: 'Cystitis', D: 'Migraine' },
    answer_idx: symptoms.startsWith('fever') ? 'A' : 'C',
  }))
  .map((row) => `${JSON.stringify(row)}\n`)
  .join('');

describe.skipIf(noBrowser)('the evidence of a reward', () => {
  let browser: Browser;
  let studio: StudioTab;

  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
  });
  afterAll(() => browser?.close());

  it('is every objective’s, for a run by the clinical preset', async () => {
    const { page } = studio;
    await prepareTinyRun(page);
    await goTo(page, 'data');
    await dropText(page, 'vignettes.jsonl', ROWS);
    await page.waitForFunction(() => {
      const { datasets, datasetId } = window.crpoStudio!.state();
      return datasets.find(({ name }) => name === 'vignettes.jsonl')?.id === datasetId;
    });
    await goTo(page, 'train');
    await page.getByRole('radio', { name: /Clinical extension/ }).click();
    await page.waitForFunction(() => window.crpoStudio!.state().draft?.rewards.preset === 'clinical');
    await page.getByRole('button', { name: 'Train' }).click();
    await untilRun(page, 'finished');
    const { rollouts, history } = await stateOf(page);
    expect(Object.keys(rollouts[0]!.rewards)).toHaveLength(10);
    for (const { reward, contributions } of rollouts) {
      const sum = Object.values(contributions).reduce((total, part) => total + part, 0);
      expect(reward).toBeCloseTo(sum, 9);
    }
    for (const name of ['citation', 'faithfulness', 'rejection', 'support', 'behaviours', 'integrity'])
      expect(Object.keys(history.columns)).toContain(`dead_groups/${name}`);
  });

  it('follows an edit: what is cited, what is invented, and the would-be advantage', async () => {
    const { page } = studio;
    await goTo(page, 'rollouts');
    await page.getByRole('grid', { name: 'Rollouts' }).getByText('\\boxed').first().click();
    const [rollout] = (await stateOf(page)).rollouts.filter(({ id }) => page.url().endsWith(id));
    const { options, answer } = rollout!.case;
    const gold = options[answer!]!;
    await page.getByRole('button', { name: /^Edit/ }).click();
    const box = page.getByRole('textbox', { name: /completion/i });
    await box.fill(
      `<dx>His fever suggests an infection. He also has hemoptysis. Gout is unlikely because fever and no ` +
        `joint pain speak against crystals. ${gold} fits best.</dx>` +
        `<conclusion>So ${gold}. \\boxed{${answer}}</conclusion>`,
    );
    const accuracy = page
      .getByRole('table', { name: 'Reward of the edited text' })
      .getByRole('row', { name: /Accuracy/ });
    await expect.poll(() => accuracy.textContent()).toContain('1.000');
    await page.getByText('not part of the run').first().waitFor();
    const choose = (objective: RegExp) =>
      page
        .getByRole('table', { name: 'Reward of the edited text' })
        .getByRole('button', { name: objective })
        .click();
    await choose(/Evidence citation/);
    await page.getByText('linked to an inference').waitFor();
    await choose(/Faithfulness/);
    await page.getByText('not in the case').waitFor();
    await choose(/Distractor rejection/);
    await page.getByText('not mentioned').first().waitFor();
  });

  it('wrote nothing on the console', () => {
    expect(studio.problems).toEqual([]);
  });
});
