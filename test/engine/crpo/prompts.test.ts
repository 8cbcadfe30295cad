import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promptMessages, renderPrompt, tagNames } from '../../../src/engine/crpo/prompts';
import { openTokenizer } from '../../../src/engine/tokenizer';
import type { ClinicalCase, PromptSettings } from '../../../src/protocol';
import { readReference, tokenizerFolder } from '../tokenizer/folder';

const CASE: ClinicalCase = {
  id: '1',
  line: 1,
  question: 'A 31-year-old woman has fever and flank pain. Which is the most likely diagnosis?',
  options: { A: 'Appendicitis', B: 'Pyelonephritis', C: 'Nephrolithiasis' },
  answer: 'B',
  facets: { exam: 'step1-secret' },
};

const SETTINGS: PromptSettings = {
  tags: 'dx',
  system: 'Reason in {open}…{close}, conclude in {openAnswer}…{closeAnswer}; keep {other} and {open}.',
  addOpeningTag: false,
  maxTokens: 400,
};

const tokenizer = await openTokenizer(
  tokenizerFolder({
    'tokenizer_config.json': { eos_token: '<|im_end|>', chat_template: readReference().template },
  }),
);

describe('renderPrompt', () => {
  it('puts the tags into the system message, and question and options into the user’s', () => {
    expect(renderPrompt(CASE, SETTINGS, tokenizer).text).toBe(
      [
        '<|im_start|>system',
        'Reason in <dx>…</dx>, conclude in <conclusion>…</conclusion>; keep {other} and <dx>.<|im_end|>',
        '<|im_start|>user',
        'A 31-year-old woman has fever and flank pain. Which is the most likely diagnosis?',
        'A. Appendicitis',
        'B. Pyelonephritis',
        'C. Nephrolithiasis<|im_end|>',
        '<|im_start|>assistant',
        '',
      ].join('\n'),
    );
  });

  it('has the tokens of its text', () => {
    const { text, tokens } = renderPrompt(CASE, SETTINGS, tokenizer);
    expect(tokens).toEqual(tokenizer.encode(text));
    expect(tokenizer.decode(tokens, { skipSpecial: false })).toBe(text);
  });

  it('adds the opening tag behind the generation prompt, if asked to', () => {
    const plain = renderPrompt(CASE, SETTINGS, tokenizer).text;
    expect(renderPrompt(CASE, { ...SETTINGS, addOpeningTag: true }, tokenizer).text).toBe(`${plain}<dx>`);
  });

  it('is too long above maxTokens, not at it', () => {
    const { length } = renderPrompt(CASE, SETTINGS, tokenizer).tokens;
    const mark = (maxTokens: number) => renderPrompt(CASE, { ...SETTINGS, maxTokens }, tokenizer).tooLong;
    expect([mark(length), mark(length - 1)]).toEqual([false, true]);
  });

  it('does not depend on the gold answer or on the facets', () => {
    const prompt = renderPrompt(CASE, SETTINGS, tokenizer).text;
    for (const answer of ['A', 'C', null]) {
      expect(renderPrompt({ ...CASE, answer }, SETTINGS, tokenizer).text).toBe(prompt);
    }
    expect(renderPrompt({ ...CASE, facets: { exam: 'other' } }, SETTINGS, tokenizer).text).toBe(prompt);
    expect(prompt).not.toContain('step1-secret');
    expect(prompt.split('Pyelonephritis')).toHaveLength(2);
  });

  it('asks an open question without option lines, and keeps its answer out', () => {
    const open: ClinicalCase = { ...CASE, options: {}, answer: null, openAnswer: 'Pyelonephritis' };
    const { text } = renderPrompt(open, SETTINGS, tokenizer);
    const note = 'There are no options: put your answer into \\boxed{} in a few words.';
    expect(text).toContain(`<|im_start|>user\n${CASE.question}\n${note}<|im_end|>\n`);
    expect(text).not.toContain('Pyelonephritis');
  });

  it('leaves placeholders in a question alone, and template syntax too', () => {
    fc.assert(
      fc.property(fc.constantFrom('{open}', '{{ messages }}', '{% if %}', '$&', '$1', '{close}'), (odd) => {
        const question = `What does ${odd} mean?`;
        expect(renderPrompt({ ...CASE, question }, SETTINGS, tokenizer).text).toContain(`\n${question}\nA. `);
      }),
      { seed: 6 },
    );
  });
});

describe('promptMessages', () => {
  it('leaves an empty system message out', () => {
    expect(promptMessages(CASE, { ...SETTINGS, system: ' ' }).map(({ role }) => role)).toEqual(['user']);
  });
});

describe('tagNames', () => {
  it('names the released tags and the paper’s', () => {
    expect(tagNames('think')).toEqual({
      open: '<think>',
      close: '</think>',
      openAnswer: '<answer>',
      closeAnswer: '</answer>',
    });
    expect(Object.values(tagNames('dx'))).toEqual(['<dx>', '</dx>', '<conclusion>', '</conclusion>']);
  });
});
