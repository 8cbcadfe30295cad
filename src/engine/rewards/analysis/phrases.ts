/** Runs of content words that nothing else covers: the last, and least, of a vignette's findings. */
import { BOILERPLATE, MEDICAL_ANYWAY, MEDICAL_ENDINGS, MODIFIERS, NOT_MEDICAL } from '../words/vignette';
import type { Mention, Passage } from './passage';
import { stem } from './stem';
import type { Token } from './tokens';

export interface Phrase extends Mention {
  /** Without modifiers. */
  readonly stems: readonly string[];
}

/** Words kept of a run: its last. */
const MAX_WORDS = 4;
const MIN_LETTERS = 3;
/** Letters before a medical ending, at least. */
const MIN_ROOT = 3;

const BOILERPLATE_STEMS: ReadonlySet<string> = new Set([...BOILERPLATE].map(stem));
const MODIFIER_STEMS: ReadonlySet<string> = new Set([...MODIFIERS].map(stem));

/** `covered`: per token, 1 if another finding has it. */
export function findPhrases(
  { tokens }: Passage,
  isVignette: readonly boolean[],
  covered: Uint8Array,
): readonly Phrase[] {
  const phrases: Phrase[] = [];
  let run: Token[] = [];
  const close = (): void => {
    const phrase = run.length > 0 ? trim(run) : null;
    if (phrase !== null) phrases.push(phrase);
    run = [];
  };
  for (const token of tokens) {
    if (token.text === '-' && isVignette[token.sentence]) continue;
    if (!isVignette[token.sentence] || covered[token.index] === 1 || !isContent(token)) {
      close();
      continue;
    }
    if (run.length > 0 && run[0]!.sentence !== token.sentence) close();
    run.push(token);
  }
  close();
  return phrases;
}

function isContent({ kind, word, text }: Token): boolean {
  if (kind !== 'word' || word.isStop || word.stem.length < MIN_LETTERS) return false;
  if (BOILERPLATE_STEMS.has(word.stem) && !isModifier(word.stem)) return false;
  return !text.includes("'") || word.lower.endsWith("'s");
}

function isModifier(stemmed: string): boolean {
  return MODIFIER_STEMS.has(stemmed);
}

/** Modifiers go from both ends; one word alone must look medical. */
function trim(run: readonly Token[]): Phrase | null {
  let first = 0;
  let end = run.length;
  while (first < end && isModifier(run[first]!.word.stem)) first++;
  while (end > first && isModifier(run[end - 1]!.word.stem)) end--;
  const kept = run.slice(Math.max(first, end - MAX_WORDS), end);
  const stems = kept.map(({ word }) => word.stem).filter((stemmed) => !isModifier(stemmed));
  if (stems.length === 0 || (stems.length === 1 && !looksMedical(stems[0]!))) return null;
  const [start, last] = [kept[0]!, kept.at(-1)!];
  return { stems, first: start.index, last: last.index, sentence: start.sentence };
}

function looksMedical(stemmed: string): boolean {
  if (MEDICAL_ANYWAY.has(stemmed)) return true;
  if (NOT_MEDICAL.has(stemmed) || !/^[a-z]+$/.test(stemmed)) return false;
  return MEDICAL_ENDINGS.some(
    (ending) => stemmed.endsWith(ending) && stemmed.length >= ending.length + MIN_ROOT,
  );
}
