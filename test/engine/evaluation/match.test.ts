import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderPromptText } from '../../../src/engine/crpo/prompts';
import { defaultConfig } from '../../../src/engine/crpo/settings';
import { QuestionFinder } from '../../../src/engine/evaluation/match';

const finderOf = (...questions: string[]) => new QuestionFinder(questions.map((question) => ({ question })));

describe('QuestionFinder', () => {
  it('finds a question whatever stands around it, and however it is set', () => {
    const finder = finderOf('Pale, tired?', 'A man of 45 has had chest pain for two days. What now?');
    expect(
      finder.within('Question: A man of 45 has had\n chest  pain — for two days. WHAT NOW?\nA. rest'),
    ).toBe(1);
    expect(finder.within('(pale; TIRED)')).toBe(0);
    expect(finder.exactly(' pale,  ｔｉｒｅｄ!')).toBe(0);
    expect(finder.exactly('pale, tired, and more')).toBeNull();
    expect(finder.within('A man of 45 has had chest pain for three days. What now?')).toBeNull();
    expect(finder.within('')).toBeNull();
  });

  it('prefers the question that ends last, and of two that end there the longer', () => {
    const finder = finderOf('What now?', 'He is pale. What now?', 'Any fever today?');
    expect(finder.within('He is pale. What now?')).toBe(1);
    expect(finder.within('He is pale. What now? Any fever today?')).toBe(2);
    expect(finder.within('Any fever today? She is red. What now?')).toBe(0);
  });

  it('takes the first of equal questions and none without words', () => {
    const finder = finderOf('What now?', 'what NOW', '?!');
    expect(finder.exactly('What now?')).toBe(0);
    expect(finder.exactly('?!')).toBeNull();
    expect(finder.within('?!')).toBeNull();
  });

  it('finds every question in a text of any others before it', () => {
    const words = fc.array(fc.constantFrom('pale', 'tired', 'fever', 'cough', '45', 'pain'), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(words, { minLength: 1, selector: (w) => w.join(' ') }),
        fc.nat(),
        (all, pick) => {
          const questions = all.map((each) => each.join(' '));
          const wanted = questions[pick % questions.length]!;
          const found = finderOf(...questions).within(`Consider this: ${wanted}`);
          expect(questions[found!]).toBe(wanted);
        },
      ),
      { seed: 5 },
    );
  });
});

const REAL = new URL('../../../../shared/datasets/medqa_dev_400.jsonl', import.meta.url);

describe.skipIf(!existsSync(REAL))('with real questions', () => {
  it('finds each of 400 MedQA questions in its own prompt', () => {
    const cases = readFileSync(REAL, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, index) => {
        const { question, options } = JSON.parse(line) as {
          question: string;
          options: Record<string, string>;
        };
        return { id: `${index}`, line: index + 1, question, options, answer: null };
      });
    const finder = new QuestionFinder(cases);
    const found = cases.map((each) => {
      const prompt = renderPromptText(each, defaultConfig().prompt, (messages) =>
        messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join(''),
      );
      return finder.within(prompt);
    });
    expect(found).toEqual(cases.map((_, index) => index));
  });
});

if (!existsSync(REAL)) console.log('1 case not run: medqa_dev_400.jsonl is not here.');
