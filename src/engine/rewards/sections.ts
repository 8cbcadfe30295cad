/**
 * The sections of a response, strictly and leniently.
 *
 * Strictly, the two sections of a well-formed response: `^<T>.*?</T>\s*<A>(.*?)</A>$` of the released rule,
 * found by one forward scan. As a regular expression it is cubic in a completion that repeats tags.
 * Leniently, whatever can be taken for reasoning and conclusion, as most completions early in training
 * are not well-formed: objectives (d) to (i).
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

export interface LenientSections {
  /** Before the first opening reasoning tag; empty if there is none. */
  readonly preamble: Span;
  readonly reasoning: Span;
  /** null: no conclusion in its tags. */
  readonly conclusion: Span | null;
}

/**
 * The reasoning is what the first pair of its tags holds; with one tag missing, what that tag and the
 * conclusion leave; without any tag, the whole text.
 */
export function findSectionsLeniently({ text, tags }: Response): LenientSections {
  const opening = text.indexOf(`<${tags.reasoning}>`);
  return {
    preamble: { start: 0, end: Math.max(0, opening) },
    reasoning: firstPair(text, tags.reasoning) ?? unpairedReasoning({ text, tags }, opening),
    conclusion: firstPair(text, tags.conclusion),
  };
}

/** Inside the first opening tag and the first closing tag behind it. */
function firstPair(text: string, tag: string): Span | null {
  const opening = text.indexOf(`<${tag}>`);
  if (opening === -1) return null;
  const start = opening + tag.length + 2;
  const end = text.indexOf(`</${tag}>`, start);
  return end === -1 ? null : { start, end };
}

function unpairedReasoning({ text, tags }: Pick<Response, 'text' | 'tags'>, opening: number): Span {
  const start = opening === -1 ? 0 : opening + tags.reasoning.length + 2;
  const closing = text.indexOf(`</${tags.reasoning}>`);
  if (opening === -1 && closing !== -1) return { start, end: closing };
  const conclusion = text.indexOf(`<${tags.conclusion}>`, start);
  return { start, end: conclusion === -1 ? text.length : conclusion };
}
