/**
 * What a custom objective looks for, compiled: text → matches in its order, without overlap. Patterns
 * are RE2's, matched without backtracking; terms are compared word by word. Neither throws on any text.
 */
import { RE2JS, RE2JSException } from 're2js';
import type { CustomObjective } from '../../protocol/config';
import type { TextSpan } from '../../protocol/scoring';
import { configError, invalidSetting } from '../config-error';
import { MAX_EVIDENCE_SPANS } from './evidence';

export interface Matches {
  readonly count: number;
  /** The first `MAX_EVIDENCE_SPANS`. */
  readonly spans: readonly TextSpan[];
  /** false: counting stopped at its work limit, and there may be more. */
  readonly complete: boolean;
}

/** `enough`: that many matches decide the value, so that they may take longer to find than more would. */
export type FindMatches = (text: string, enough: number) => Matches;

/**
 * Instructions of a compiled pattern. Any pattern of 1,000 characters without counted repetitions
 * fits; time per character and memory grow with it, and `(\pL{30}){30}` is 900 of them.
 */
export const MAX_PROGRAM_SIZE = 1200;

/** Work is counted in characters × instructions, about 10 ns each; a small pattern counts as this many. */
const MIN_INSTRUCTIONS = 16;
/**
 * One search is linear, but all of them need not be: `a.*b|a` reads to the end of the text for each
 * of its matches. Searching stops once this much may have been read, as if each match had. A small
 * pattern loses nothing up to 1,000 matches in 16,000 characters.
 */
const WORK_LIMIT = 2 ** 28;
/** The same once there are enough matches, and more of them change nothing but the count. */
const WORK_BEYOND_ENOUGH = 2 ** 25;

/** Throws `config-invalid`, naming `path`, for a pattern or terms that cannot be matched. */
export function compileMatch(match: CustomObjective['match'], path: string): FindMatches {
  return match.kind === 'pattern'
    ? compilePattern(match.pattern, `${path}.pattern`)
    : compileTerms(match.terms, `${path}.terms`);
}

function compilePattern(pattern: string, path: string): FindMatches {
  const program = parsed(pattern, path);
  const size = program.programSize();
  if (size > MAX_PROGRAM_SIZE) {
    throw configError(
      `${path}: expected a pattern of at most ${MAX_PROGRAM_SIZE} instructions, received one of ${size}`,
      'Shorten it, or repeat less often: a{1000} takes 1,000 instructions.',
    );
  }
  return (text, enough) => {
    const matcher = program.matcher(text);
    const spans: TextSpan[] = [];
    let count = 0;
    let from = 0;
    let work = 0;
    while (work <= (count < enough ? WORK_LIMIT : WORK_BEYOND_ENOUGH)) {
      if (!matcher.find()) return { count, spans, complete: true };
      work += (text.length - from) * Math.max(MIN_INSTRUCTIONS, size);
      const span = { start: matcher.start(), end: matcher.end() };
      from = span.end;
      if (span.start === span.end) continue;
      if (count < MAX_EVIDENCE_SPANS) spans.push(span);
      count++;
    }
    return { count, spans, complete: false };
  };
}

function parsed(pattern: string, path: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (thrown) {
    if (!(thrown instanceof RE2JSException)) throw thrown;
    throw configError(
      `${path}: expected a regular expression in RE2 syntax; ${thrown.message.replace('error parsing regexp: ', '')}`,
      'Correct it. RE2 has no lookahead, lookbehind or backreferences, and repeats at most 1,000 times.',
    );
  }
}

/** Words and, alone, every other sign; white space and dashes only separate. */
const TOKEN = /[\p{L}\p{N}\p{M}]+|[^\s\p{Pd}\p{L}\p{N}\p{M}]/gu;

interface Token extends TextSpan {
  /** Letter case, Unicode composition and the form of an apostrophe do not count. */
  readonly key: string;
}

function tokens(text: string): Token[] {
  return Array.from(text.matchAll(TOKEN), ({ 0: written, index }) => ({
    start: index,
    end: index + written.length,
    key: written.normalize('NFC').toLowerCase().replace(/[‘’ʼ]/, "'"),
  }));
}

/** A tree of words: the terms that begin alike share their path. */
interface TermNode {
  readonly next: Map<string, TermNode>;
  ends: boolean;
}

function compileTerms(terms: readonly string[], path: string): FindMatches {
  const root: TermNode = { next: new Map(), ends: false };
  for (const [index, term] of terms.entries()) {
    let node = root;
    for (const { key } of tokens(term)) {
      const next: TermNode = node.next.get(key) ?? { next: new Map(), ends: false };
      node.next.set(key, next);
      node = next;
    }
    if (node === root) throw invalidSetting(`${path}[${index}]`, 'at least one word', term);
    node.ends = true;
  }
  return (text) => {
    const words = tokens(text);
    const spans: TextSpan[] = [];
    let count = 0;
    let at = 0;
    while (at < words.length) {
      const end = longestTerm(root, words, at);
      if (end > at) {
        if (count < MAX_EVIDENCE_SPANS) spans.push({ start: words[at]!.start, end: words[end - 1]!.end });
        count++;
      }
      at = Math.max(end, at + 1);
    }
    return { count, spans, complete: true };
  };
}

/** Where the longest term that begins at word `from` ends, or `from`. */
function longestTerm(root: TermNode, words: readonly Token[], from: number): number {
  let end = from;
  let node: TermNode | undefined = root;
  for (let at = from; at < words.length; at++) {
    node = node.next.get(words[at]!.key);
    if (node === undefined) return end;
    if (node.ends) end = at + 1;
  }
  return end;
}
