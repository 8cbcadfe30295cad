/** A case's options, and where a text mentions them: objective (f) of docs/objectives.md. */
import { LETTER_FOLLOWERS, OPTION_NOUNS, OPTION_STOP_WORDS } from '../words/options';
import { MAX_LABEL, type Passage, readPassage } from './passage';
import type { Token } from './tokens';

export interface Option {
  readonly letter: string;
  /** Letter and text, for a person. */
  readonly label: string;
  readonly passage: Passage;
  /** Stems of its text without stop words; all of them if nothing else is left. */
  readonly stems: ReadonlySet<string>;
  /** Those that no other option has; all of them if there are none. */
  readonly keys: readonly string[];
  /** Too short for its text to be recognised: only by its letter. */
  readonly isShort: boolean;
}

export interface Options {
  readonly options: readonly Option[];
  /** An option's index by its abbreviation, unless two have the same. */
  readonly acronyms: ReadonlyMap<string, number>;
  /** An option's index by its letter. */
  readonly letters: ReadonlyMap<string, number>;
}

export interface OptionMention {
  readonly option: number;
  readonly first: number;
  readonly last: number;
  readonly sentence: number;
}

/** Letters of a text that is too short to be recognised. */
const SHORT = 4;
/** Words of an abbreviation made of initials. */
const MIN_INITIALS = 3;
const MAX_INITIALS = 6;
/** Tokens behind "options" in which letters are looked for. */
const LIST_REACH = 24;
/** Up to so many content words all must be there; of more, this share. */
const FEW_WORDS = 2;
const SHARE = 0.6;
/** Words that a mention may have in between. */
const SLACK = 3;

export function readOptions(texts: Readonly<Record<string, string>>): Options {
  const read = Object.entries(texts).map(([letter, text]) => {
    const passage = readPassage(text);
    return { letter, passage, stems: contentStems(passage) };
  });
  const uses = new Map<string, number>();
  for (const { stems } of read) for (const stem of stems) uses.set(stem, (uses.get(stem) ?? 0) + 1);

  const options = read.map(({ letter, passage, stems }): Option => {
    const own = [...stems].filter((stem) => uses.get(stem) === 1);
    return {
      letter,
      label: `${letter} ${passage.normalised.original.trim().slice(0, MAX_LABEL)}`,
      passage,
      stems,
      keys: own.length > 0 ? own : [...stems],
      isShort: [...stems].join('').length < SHORT,
    };
  });

  const owners = new Map<string, number>();
  options.forEach(({ passage }, index) => {
    for (const acronym of acronymsOf(passage)) owners.set(acronym, owners.has(acronym) ? -1 : index);
  });
  return {
    options,
    acronyms: new Map([...owners].filter(([, index]) => index !== -1)),
    letters: new Map(options.map(({ letter }, index) => [letter, index])),
  };
}

function isContent({ kind }: Token): boolean {
  return kind === 'word' || kind === 'number';
}

function contentStems({ tokens }: Passage): ReadonlySet<string> {
  const words = tokens.filter(isContent);
  const content = words.filter(({ word }) => !OPTION_STOP_WORDS.has(word.lower));
  return new Set((content.length > 0 ? content : words).map(({ word }) => word.stem));
}

/** One in parentheses, and the initials of three to six words. */
function acronymsOf({ tokens, normalised }: Passage): ReadonlySet<string> {
  const acronyms = new Set<string>();
  const written = /\(([A-Z][A-Za-z0-9-]{1,7})\)/.exec(normalised.text)?.[1];
  if (written !== undefined) acronyms.add(written);
  const words = tokens.filter(({ kind, word }) => kind === 'word' && !OPTION_STOP_WORDS.has(word.lower));
  if (words.length >= MIN_INITIALS && words.length <= MAX_INITIALS) {
    acronyms.add(words.map(({ text }) => text[0]!.toUpperCase()).join(''));
  }
  return acronyms;
}

/** In the order of the text; the first of each option in each sentence. Linear in the text. */
export function findOptionMentions(
  options: Options,
  passage: Passage,
  occurrences: ReadonlyMap<string, readonly number[]>,
): OptionMention[] {
  const mentions = [
    ...letterMentions(options, passage),
    ...options.options.flatMap((option, index) =>
      option.isShort ? [] : textMentions(option, index, passage, occurrences),
    ),
  ].sort((a, b) => a.first - b.first);
  const seen = new Set<number>();
  return mentions.filter(({ option, sentence }) => {
    const key = sentence * options.options.length + option;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
}

/** "Options B, C and D", "(B)", "B." at the start of a line, and abbreviations. */
function letterMentions({ letters, acronyms }: Options, passage: Passage): OptionMention[] {
  const { tokens, stream } = passage;
  const mentions: OptionMention[] = [];
  const add = (option: number | undefined, { index, sentence }: Token): void => {
    if (option !== undefined) mentions.push({ option, first: index, last: index, sentence });
  };
  for (const token of stream) {
    if (token.kind !== 'word') continue;
    if (OPTION_NOUNS.has(token.word.lower)) {
      for (const letter of listedLetters(stream, token, letters)) add(letters.get(letter.text), letter);
    } else if (token.text.length > 1) {
      add(acronyms.get(token.text), token);
    } else if (letters.has(token.text) && isLabel(tokens, token)) {
      add(letters.get(token.text), token);
    }
  }
  return mentions;
}

/** The letters right behind "option": signs, "and" and "or" may stand between them. */
function listedLetters(stream: readonly Token[], noun: Token, letters: ReadonlyMap<string, number>): Token[] {
  const listed: Token[] = [];
  const end = Math.min(stream.length, noun.position + LIST_REACH);
  for (let at = noun.position + 1; at < end; at++) {
    const token = stream[at]!;
    if (token.sentence !== noun.sentence) break;
    if ('():*,&/'.includes(token.text)) continue;
    if (listed.length > 0 && (token.word.lower === 'and' || token.word.lower === 'or')) continue;
    if (!letters.has(token.text)) break;
    if (token.text === 'A' && listed.length === 0 && isArticle(stream[at + 1])) break;
    listed.push(token);
  }
  return listed;
}

/** "Option A patient": the word behind decides. */
function isArticle(next: Token | undefined): boolean {
  return next?.kind === 'word' && !LETTER_FOLLOWERS.has(next.word.lower);
}

/** "(B)", or "B." "B)" "B:" with only signs before it on its line. */
function isLabel(tokens: readonly Token[], { index }: Token): boolean {
  const before = tokens[index - 1];
  const next = tokens[index + 1];
  if (before?.text === '(' && next?.text === ')') return true;
  if (next === undefined || !'.):'.includes(next.text)) return false;
  let at = index - 1;
  while (at >= 0 && tokens[at]!.kind === 'sign') at--;
  return at < 0 || tokens[at]!.kind === 'line';
}

/**
 * Enough of the option's words close together in one sentence, around a word that only it has. One
 * window slides over the option's words in the text.
 */
function textMentions(
  { stems, keys }: Option,
  option: number,
  { tokens, sentences }: Passage,
  occurrences: ReadonlyMap<string, readonly number[]>,
): OptionMention[] {
  const anchors = mergeSorted(keys, occurrences);
  if (anchors.length === 0) return [];
  const places = keys.length === stems.size ? anchors : mergeSorted([...stems], occurrences);
  const needed = stems.size <= FEW_WORDS ? stems.size : Math.ceil(SHARE * stems.size);
  const reach = stems.size + SLACK;
  const mentions: OptionMention[] = [];
  const inWindow = new Map<string, number>();
  let low = 0;
  let high = 0;
  let last = -1;
  for (const anchor of anchors) {
    const { sentence } = tokens[anchor]!;
    const from = Math.max(anchor - reach, sentences[sentence]!.first);
    const to = Math.min(anchor + reach, sentences[sentence]!.end - 1);
    for (; high < places.length && places[high]! <= to; high++) count(inWindow, tokens[places[high]!]!, 1);
    for (; low < high && places[low]! < from; low++) count(inWindow, tokens[places[low]!]!, -1);
    if (anchor <= last || inWindow.size < needed) continue;
    last = places[high - 1]!;
    mentions.push({ option, first: places[low]!, last, sentence });
  }
  return mentions;
}

function count(counts: Map<string, number>, { word }: Token, change: 1 | -1): void {
  const left = (counts.get(word.stem) ?? 0) + change;
  if (left === 0) counts.delete(word.stem);
  else counts.set(word.stem, left);
}

function mergeSorted(
  stems: readonly string[],
  occurrences: ReadonlyMap<string, readonly number[]>,
): number[] {
  return stems.flatMap((stem) => occurrences.get(stem) ?? []).sort((a, b) => a - b);
}
