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
    expect(await table.getAttribute('aria-rowcount')).toBe('13');

    const issues = page.getByRole('list', { name: 'Bad lines' }).getByRole('listitem');
    expect(await issues.count()).toBe(2);
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
    expect(await page.getByText('gold A', { exact: true }).count()).toBe(1);
  });

  it.each([
    ['no usable row', 'rows.jsonl', '{"text": "no question"}\n{"text": "none here"}\n', /rows\.jsonl/],
    ['a JSON array instead of lines', 'array.json', '[{"question": "Q?"}]', /array\.json[\s\S]*array/i],
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
