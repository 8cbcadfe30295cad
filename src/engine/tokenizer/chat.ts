/**
 * Chat templates: messages → the text that a model was trained to continue.
 *
 * A template is code from a stranger's file. Its length, its output and its work are bounded: the
 * interpreter counts every node it evaluates, and the size of every value it makes, and stops at a
 * limit. There is no clock in it: `strftime_now` is undefined, so that a prompt is the same every day.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { StudioError } from '../../protocol';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export type ChatRenderer = (messages: readonly ChatMessage[], addGenerationPrompt: boolean) => string;

const MAX_TEMPLATE_CHARACTERS = 131_072;
const MAX_OUTPUT_CHARACTERS = 2_000_000;
/** About a second's work. A step is a node evaluated or 64 characters of a text made. */
const MAX_STEPS = 1_000_000;
/** What an element of a list costs: a loop over it makes a scope for each. */
const STEPS_PER_ELEMENT = 32;
const MAX_RANGE = 10_000;

/** Without a template: the contents, one empty line between them. */
export function plainChat(messages: readonly ChatMessage[], addGenerationPrompt: boolean): string {
  const text = messages.map((message) => message.content).join('\n\n');
  return addGenerationPrompt ? `${text}\n` : text;
}

/**
 * Compiles a Jinja chat template.
 *
 * @param file where the template came from, for messages
 * @param specialTokens `bos_token`, `eos_token`, … as the template may name them
 * @throws StudioError `chat-template-invalid` when it is too long or does not parse; the renderer
 *   throws `chat-template-failed` when the template throws or passes a limit
 */
export function compileChatTemplate(
  template: string,
  file: string,
  specialTokens: Readonly<Record<string, string>>,
): ChatRenderer {
  const action = 'Use the chat template of the model’s own release, or remove it to get plain prompts.';
  if (template.length > MAX_TEMPLATE_CHARACTERS) {
    throw new StudioError({
      boundary: 'model',
      code: 'chat-template-invalid',
      message: `${file}: expected a chat template of at most ${MAX_TEMPLATE_CHARACTERS} characters, received ${template.length}.`,
      action,
      file,
    });
  }
  const fail = (code: string, cause: unknown): StudioError =>
    new StudioError(
      {
        boundary: 'model',
        code,
        message: `${file}: the chat template stopped: ${reason(cause)}.`,
        action,
        file,
      },
      { cause },
    );
  let program: ReturnType<typeof parse>;
  try {
    program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
  } catch (cause) {
    throw fail('chat-template-invalid', cause);
  }
  return (messages, addGenerationPrompt) => {
    try {
      const environment = new Environment();
      setGlobals(environment);
      environment.set('messages', messages);
      environment.set('add_generation_prompt', addGenerationPrompt);
      for (const [name, token] of Object.entries(specialTokens)) environment.set(name, token);
      const text = new BoundedInterpreter(environment).run(program).toString();
      if (text.length > MAX_OUTPUT_CHARACTERS) throw new Error(`its output has ${text.length} characters`);
      return text;
    } catch (cause) {
      throw fail('chat-template-failed', cause);
    }
  };
}

function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** What a chat template may use beside Jinja's own syntax. */
function setGlobals(environment: Environment): void {
  for (const [name, value] of [
    ['true', true],
    ['True', true],
    ['false', false],
    ['False', false],
    ['none', null],
    ['None', null],
  ] as const) {
    environment.set(name, value);
  }
  environment.set('raise_exception', (message: unknown) => {
    throw new Error(String(message));
  });
  environment.set('range', boundedRange);
}

/** Python's `range`, for at most `MAX_RANGE` numbers. */
function boundedRange(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= MAX_RANGE)) throw new Error(`range() of ${count} numbers`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}

class BoundedInterpreter extends Interpreter {
  #steps = 0;

  override evaluate(...args: Parameters<Interpreter['evaluate']>): ReturnType<Interpreter['evaluate']> {
    this.#count(1);
    const result = super.evaluate(...args);
    if (typeof result.value === 'string') this.#count(result.value.length / 64);
    else if (Array.isArray(result.value)) this.#count(result.value.length * STEPS_PER_ELEMENT);
    else if (result.value instanceof Map) this.#count(result.value.size * STEPS_PER_ELEMENT);
    return result;
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new Error(`it needs more than ${MAX_STEPS} steps`);
  }
}
