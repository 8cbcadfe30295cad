/** Tokens, and what the word data knows of each word: looked up once per distinct word. */
import { POSSESSIVES, SUBJECTS } from '../words/claims';
import { STOP_WORDS } from '../words/general';
import { HARD_SCOPE_ENDS, NEW_SUBJECTS, POST_TRIGGERS, SCOPE_ENDS } from '../words/negation';
import { NUMBER_WORDS } from '../words/numbers';
import {
  CONCEPT_FORMS,
  type ConceptForm,
  CUE_FORMS,
  type CueForm,
  MEASURE_FORMS,
  type Measure,
  NEGATION_FORMS,
} from './lexicon';
import type { Pattern } from './phrase-table';
import { scanTokens, type TokenKind } from './scan';
import { stem } from './stem';

/** What is the same for every token of one spelling. The patterns are those that start here. */
export interface Word {
  readonly lower: string;
  readonly stem: string;
  readonly isStop: boolean;
  readonly isPostTrigger: boolean;
  /** It ends a denial: everywhere, or but right behind the trigger. */
  readonly endsDenial: 'everywhere' | 'later' | null;
  /** Behind a comma, it ends a denial. */
  readonly isNewSubject: boolean;
  /** Whom a sentence speaks of: "patient", "she"; or whose: "her". */
  readonly isSubject: boolean;
  readonly isPossessive: boolean;
  /** The number that the word spells. */
  readonly count: number | undefined;
  readonly concepts: readonly Pattern<ConceptForm>[] | undefined;
  readonly measures: readonly Pattern<Measure>[] | undefined;
  readonly cues: readonly Pattern<CueForm>[] | undefined;
  readonly negations: readonly Pattern<boolean>[] | undefined;
}

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly word: Word;
  /** [start, end) in the normalised text. */
  readonly start: number;
  readonly end: number;
  /** Position among all tokens. */
  readonly index: number;
  /** Position in the word stream: tokens without hyphens and line feeds; -1 for those. */
  readonly position: number;
  /** Index of its sentence; set by `splitSentences`. */
  sentence: number;
}

export function tokenise(text: string): { tokens: Token[]; stream: Token[] } {
  const tokens: Token[] = [];
  const stream: Token[] = [];
  scanTokens(text, (kind, start, end) => {
    const spelling = text.slice(start, end);
    const streams = kind !== 'line' && spelling !== '-';
    const token: Token = {
      kind,
      text: spelling,
      word: lookUp(spelling, kind),
      start,
      end,
      index: tokens.length,
      position: streams ? stream.length : -1,
      sentence: 0,
    };
    tokens.push(token);
    if (streams) stream.push(token);
  });
  return { tokens, stream };
}

/** Bounds of the cache: it forgets everything when it is full, and never learns long spellings. */
const MAX_WORDS = 20_000;
const MAX_CACHED_LENGTH = 40;
const cache = new Map<string, Word>();

function lookUp(spelling: string, kind: TokenKind): Word {
  const known = cache.get(spelling);
  if (known !== undefined) return known;
  const word = describe(spelling, kind);
  if (spelling.length > MAX_CACHED_LENGTH) return word;
  if (cache.size >= MAX_WORDS) cache.clear();
  cache.set(spelling, word);
  return word;
}

function describe(spelling: string, kind: TokenKind): Word {
  const lower = kind === 'word' ? spelling.toLowerCase() : spelling;
  const stemmed = kind === 'word' ? stem(lower) : lower;
  const cues = CUE_FORMS.get(lower) ?? [];
  const cuesOfStem = stemmed === lower ? [] : (CUE_FORMS.get(stemmed) ?? []);
  return {
    lower,
    stem: stemmed,
    isStop: STOP_WORDS.has(lower),
    isPostTrigger: POST_TRIGGERS.has(stemmed),
    endsDenial: HARD_SCOPE_ENDS.has(stemmed)
      ? 'everywhere'
      : SCOPE_ENDS.has(stemmed) || SCOPE_ENDS.has(lower)
        ? 'later'
        : null,
    isNewSubject: NEW_SUBJECTS.has(lower),
    isSubject: SUBJECTS.has(stemmed),
    isPossessive: POSSESSIVES.has(lower),
    count: NUMBER_WORDS.get(lower),
    // A number starts neither.
    concepts: kind === 'number' ? undefined : CONCEPT_FORMS.get(stemmed),
    measures: kind === 'number' ? undefined : MEASURE_FORMS.get(stemmed),
    cues: cues.length + cuesOfStem.length === 0 ? undefined : [...cues, ...cuesOfStem],
    negations: NEGATION_FORMS.get(lower) ?? NEGATION_FORMS.get(stemmed),
  };
}
