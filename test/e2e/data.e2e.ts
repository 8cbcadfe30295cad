/** Datasets: dropped, read in a worker, shown with every bad line by its number. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Browser, drop, dropText, goTo, launch, noBrowser, type StudioTab, stateOf } from './studio';

describe.skipIf(noBrowser)('a dataset', () => {
  let browser: Browser;
  let studio: StudioTab;

  beforeAll(async () => {
    browser = await launch({ backend: 'wasm' });
    studio = await browser.open();
    await goTo(studio.page, 'data');
  });
  afterAll(() => browser?.close());

  it('in MedQA’s layout shows its rows, and its bad lines with their numbers', async () => {
    const { page } = studio;
    await drop(page, 'test/fixtures/medqa-layout.jsonl');
    await page.getByRole('button', { name: /medqa-layout\.jsonl.*12 ok.*2 bad/ }).click();

    const table = page.getByRole('grid', { name: 'Cases of medqa-layout.jsonl' });
    await table.getByText('A 6-month-old has bowed legs').waitFor();
    // The header row counts too.
    await expect.poll(() => table.getAttribute('aria-rowcount')).toBe('13');

    const issues = page.getByRole('list', { name: 'Bad lines' }).getByRole('listitem');
    await expect.poll(() => issues.count()).toBe(2);
    expect(await issues.nth(0).textContent()).toMatch(/line 5, column \d+[\s\S]*This line ends too early/);
    expect(await issues.nth(1).textContent()).toMatch(/line 10[\s\S]*E/);
  });

  it('shows each case with the prompt that it becomes', async () => {
    const { page } = studio;
    await page.getByRole('grid').getByText('A sailor has bleeding gums').click();
    const prompt = page.getByRole('region', { name: 'Prompt' });
    await expect
      .poll(() => prompt.textContent())
      .toMatch(/A sailor has bleeding gums[\s\S]*Vitamin C[\s\S]*Vitamin B12/);
    await expect.poll(() => page.getByText('gold A', { exact: true }).count()).toBe(1);
  });

  it('of unknown layout is read once its columns are mapped', async () => {
    const { page } = studio;
    const rows = [1, 2, 3].map((n) => ({ stem: `Case ${n}?`, first: 'Yes', second: 'No', right: n % 2 }));
    await dropText(page, 'own.json', JSON.stringify(rows));
    const form = page.getByRole('region', { name: 'Map the columns of own.json' });
    await form.getByLabel('Question', { exact: true }).selectOption('stem');
    await form.getByRole('radio', { name: 'a field each' }).click();
    await form.getByLabel('Field of option A').selectOption('first');
    await form.getByLabel('Field of option B').selectOption('second');
    await form.getByLabel('Answer', { exact: true }).selectOption('right');
    await form.getByLabel('How the answer is given').selectOption('zero-based');
    await form.getByText('3 of the first 3 rows are cases').waitFor();
    await form.getByRole('button', { name: 'Read the file' }).click();
    await page.getByRole('grid', { name: 'Cases of own.json' }).getByText('Case 2?').waitFor();
    const { datasets, datasetId } = await stateOf(page);
    expect(datasets.find(({ id }) => id === datasetId)).toMatchObject({
      layout: 'mapped',
      container: 'json-array',
      answerCounts: { A: 1, B: 2 },
    });
  });

  it('is split by the worker, and its parts compared', async () => {
    const { page } = studio;
    await page.getByRole('button', { name: /medqa-layout\.jsonl/ }).click();
    await page.getByRole('radio', { name: 'Split' }).click();
    await page.getByLabel('Held-out share').fill('0.25');
    // A quarter of 12 is 3.
    await page.getByText('Held out', { exact: true }).locator('..').getByText('3').waitFor();
    await page.getByRole('button', { name: 'Compare the two parts' }).click();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByText('Of 3 test rows, against 9 training rows:').waitFor();
    await page.getByRole('radio', { name: 'Cases' }).click();
  });

  it.each([
    ['no row at all', 'prose.txt', 'No question.\nNone here.\n', /prose\.txt/],
    ['an empty file', 'empty.jsonl', '', /empty\.jsonl is empty/],
    ['a pickle', 'pytorch_model.bin', new Uint8Array([0x80, 2, 0, 0, 0]), /pickle/],
    ['no text at all', 'noise.dat', new Uint8Array([1, 0, 2, 0, 3]), /noise\.dat/],
  ])('is refused in a sentence: %s', async (_, name, content, sentence) => {
    const { page } = studio;
    const before = await stateOf(page);
    await dropText(page, name, content);
    await page.getByRole('alert').getByText(sentence).first().waitFor();
    const after = await stateOf(page);
    expect(after.datasets).toEqual(before.datasets);
    expect(after.model).toEqual(before.model);
    expect(after.errors.at(-1)!.record.action, 'what the person can do').toBeTruthy();
  });

  it('leaves the console clean', () => {
    expect(studio.problems).toEqual([]);
  });
});
