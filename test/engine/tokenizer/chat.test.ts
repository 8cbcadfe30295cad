import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../../src/engine/tokenizer';
import { compileChatTemplate } from '../../../src/engine/tokenizer/chat';
import { StudioError } from '../../../src/protocol';
import { readReference, tokenizerFolder } from './folder';

const { prompts, template } = readReference();
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Which drug?' },
] as const;

function render(text: string): string {
  return compileChatTemplate(text, 'chat_template.jinja', {})(MESSAGES, true);
}

function failure(text: string): StudioError {
  try {
    render(text);
  } catch (error) {
    expect(error).toBeInstanceOf(StudioError);
    return error as StudioError;
  }
  throw new Error('expected the template to be refused');
}

describe('renderChat', () => {
  it.each([
    ['chat_template.jinja', { 'chat_template.jinja': template }],
    [
      'tokenizer_config.json',
      { 'tokenizer_config.json': { eos_token: '<|im_end|>', chat_template: template } },
    ],
    [
      'a list of templates',
      {
        'tokenizer_config.json': {
          eos_token: '<|im_end|>',
          chat_template: [
            { name: 'tool_use', template: 'tools' },
            { name: 'default', template },
          ],
        },
      },
    ],
  ])('renders as Jinja2 does, from %s', async (_, files) => {
    const tokenizer = await openTokenizer(tokenizerFolder(files));
    for (const { messages, addGenerationPrompt, text } of prompts) {
      expect(tokenizer.renderChat(messages, { addGenerationPrompt })).toBe(text);
    }
  });

  it('joins the contents when there is no template', async () => {
    const tokenizer = await openTokenizer(tokenizerFolder());
    expect(tokenizer.renderChat(MESSAGES, { addGenerationPrompt: true })).toBe('Be brief.\n\nWhich drug?\n');
    expect(tokenizer.renderChat(MESSAGES, { addGenerationPrompt: false })).toBe('Be brief.\n\nWhich drug?');
  });
});

describe('a hostile chat template', () => {
  it.each([
    [
      'three nested loops',
      '{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['a loop over a long range', '{% for a in range(1000000000) %}x{% endfor %}'],
    ['a range that never ends', '{% for a in range(0, 10, 0) %}x{% endfor %}'],
    [
      'a text doubled again and again',
      `{% set ns = namespace(t='x') %}{% for a in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}`,
    ],
    ['a macro that calls itself', '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}'],
    ['an exception of its own', `{{ raise_exception('roles must alternate') }}`],
    ['a clock', `{{ strftime_now('%d') }}`],
    ['deep parentheses', `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`],
    ['a million characters', 'x'.repeat(1_000_000)],
  ])(
    '%s ends in an error, soon',
    (_, text) => {
      const { record } = failure(text);
      expect(record.boundary).toBe('model');
      expect(record.code).toMatch(/^chat-template-(failed|invalid)$/);
      expect(record.message).toContain('chat_template.jinja');
    },
    20_000,
  );

  it('says what the template itself complained about', () => {
    expect(failure(`{{ raise_exception('roles must alternate') }}`).message).toContain(
      'roles must alternate',
    );
  });

  it('cannot see the world outside', () => {
    expect(render(`{{ constructor }}{{ messages.constructor }}{{ globalThis }}{{ __proto__ }}|`)).toBe('|');
  });

  it('leaves an ordinary range alone', () => {
    expect(
      render(
        '{% for i in range(1, 7, 2) %}{{ i }}{% endfor %}{% for i in range(2, 0, -1) %}{{ i }}{% endfor %}',
      ),
    ).toBe('13521');
  });
});
