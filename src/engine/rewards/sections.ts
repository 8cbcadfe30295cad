/**
 * The two sections of a well-formed response: `^<T>.*?</T>\s*<A>(.*?)</A>$` of the released rule,
 * found by one forward scan. As a regular expression it is cubic in a completion that repeats tags.
 */
import { type Span, skipSpaces } from './python-text';
import type { Response } from './response';

export interface Sections {
  /** Inside the reasoning tags. */
  readonly reasoning: Span;
  /** Inside the conclusion tags. */
  readonly conclusion: Span;
}

/** What keeps a response from being well-formed; the first that applies. */
export type SectionsFault = 'text-before-reasoning' | 'text-after-conclusion' | 'no-tag-boundary';

/**
 * The reasoning is as short as the pattern allows: it ends at the first closing tag that only
 * spaces separate from an opening conclusion tag. The conclusion then reaches to the last tag.
 * `response.text` has no trailing newline, so Python's `$` is the end.
 */
export function findSections({ text, tags }: Response): Sections | SectionsFault {
  const openReasoning = `<${tags.reasoning}>`;
  const closeReasoning = `</${tags.reasoning}>`;
  const openConclusion = `<${tags.conclusion}>`;
  const closeConclusion = `</${tags.conclusion}>`;
  if (!text.startsWith(openReasoning)) return 'text-before-reasoning';
  if (!text.endsWith(closeConclusion)) return 'text-after-conclusion';

  const conclusionEnd = text.length - closeConclusion.length;
  let close = text.indexOf(closeReasoning, openReasoning.length);
  while (close !== -1) {
    const opening = skipSpaces(text, close + closeReasoning.length, text.length);
    const conclusionStart = opening + openConclusion.length;
    if (conclusionStart > conclusionEnd) break;
    if (text.startsWith(openConclusion, opening)) {
      return {
        reasoning: { start: openReasoning.length, end: close },
        conclusion: { start: conclusionStart, end: conclusionEnd },
      };
    }
    close = text.indexOf(closeReasoning, opening);
  }
  return 'no-tag-boundary';
}
