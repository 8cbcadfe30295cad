/**
 * q: a clinical case as the text that the policy is asked to continue. The system message asks for
 * reasoning and conclusion in tags (Clinical-R1's format); the user message is the question and its
 * options, one a line; an open question says that its box takes words. The gold answer and the case's
 * facets never enter.
 */
import type { ClinicalCase, PromptSettings, TagSet } from '../../protocol';
import { TAGS } from '../rewards/tags';
import type { ChatMessage, Tokenizer } from '../tokenizer';

interface RenderedPrompt {
  readonly text: string;
  readonly tokens: number[];
  /** More tokens than `maxTokens`: the case is left out of the run. */
  readonly tooLong: boolean;
}

/** The system prompt may speak of a letter; here there is none. */
const OPEN_QUESTION = 'There are no options: put your answer into \\boxed{} in a few words.';

/** The four tags as written, under the names that stand for them in a system message. */
export function tagNames(tags: TagSet): {
  open: string;
  close: string;
  openAnswer: string;
  closeAnswer: string;
} {
  const { reasoning, conclusion } = TAGS[tags];
  return {
    open: `<${reasoning}>`,
    close: `</${reasoning}>`,
    openAnswer: `<${conclusion}>`,
    closeAnswer: `</${conclusion}>`,
  };
}

/** The case as a conversation; an empty system message is left out. */
export function promptMessages(
  { question, options }: ClinicalCase,
  { system, tags }: PromptSettings,
): readonly ChatMessage[] {
  const names = tagNames(tags);
  const instruction = system.replace(
    /\{(open|close|openAnswer|closeAnswer)\}/g,
    (_, name: keyof typeof names) => names[name],
  );
  const lettered = Object.entries(options).map(([letter, text]) => `${letter}. ${text}`);
  const lines = [question, ...(lettered.length > 0 ? lettered : [OPEN_QUESTION])];
  const user: ChatMessage = { role: 'user', content: lines.join('\n') };
  return instruction.trim() === '' ? [user] : [{ role: 'system', content: instruction }, user];
}

/** The text of a prompt, given how messages become text. */
export function renderPromptText(
  clinicalCase: ClinicalCase,
  settings: PromptSettings,
  renderChat: Tokenizer['renderChat'],
): string {
  const chat = renderChat(promptMessages(clinicalCase, settings), { addGenerationPrompt: true });
  return settings.addOpeningTag ? chat + tagNames(settings.tags).open : chat;
}

/** @throws StudioError when the model's chat template refuses the messages */
export function renderPrompt(
  clinicalCase: ClinicalCase,
  settings: PromptSettings,
  tokenizer: Tokenizer,
): RenderedPrompt {
  const text = renderPromptText(clinicalCase, settings, (messages, options) =>
    tokenizer.renderChat(messages, options),
  );
  const tokens = tokenizer.encode(text);
  return { text, tokens, tooLong: tokens.length > settings.maxTokens };
}
