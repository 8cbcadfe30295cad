/**
 * What a text says of the patient against what the case says: objective (e) of docs/objectives.md.
 * General knowledge, suppositions and paraphrases are no claims.
 */
import type { TextSpan } from '../../../protocol/scoring';
import { CLAIM_ENDS, CLAIM_VERBS, HEDGES, NOT_CLAIMED, VAGUE_WORDS } from '../words/claims';
import type { ConceptId } from '../words/concepts';
import { EXCUSED_BY } from '../words/paraphrases';
import { type CompiledCase, derivedConcept, SHARED_LETTERS } from './case';
import type { ConceptMention, Mention, Passage } from './passage';
import type { Reasoning } from './reasoning';
import type { Token } from './tokens';

export interface Violation {
  readonly kind: 'unsupported' | 'contradicted';
  /** What is claimed, for a person. */
  readonly label: string;
  readonly weight: number;
  /** For a person. */
  readonly reason: string;
  readonly mention: Mention;
  /** What the question says instead. */
  readonly source?: TextSpan;
}

/** A symptom or sign may be a paraphrase or an inference of the case's. */
const INVENTED = 0.5;
export const WRONG = 1;

/** Words behind a subject among which its verb is. */
const VERB_REACH = 4;
/** Words of a claim, at most. */
const CLAIM_WORDS = 14;

/** Per token: no claim; something the patient has; something the patient has had. */
const NO_CLAIM = 0;
const CLAIM = 1;
const PAST = 2;

/** Concepts claimed of the patient that the case lacks or denies; each once, in the order of the text. */
export function findConceptViolations(
  compiled: CompiledCase,
  { passage, sentences }: Reasoning,
): Map<string, Violation> {
  const claims = markClaims(passage);
  const violations = new Map<string, Violation>();
  for (const mention of passage.concepts) {
    const claim = claims[mention.first]!;
    if (claim === NO_CLAIM || sentences[mention.sentence]!.isCopied) continue;
    const violation = check(compiled, passage, mention, claim === PAST);
    if (violation === null) continue;
    const key = `${violation.kind} ${violation.label}`;
    if (!violations.has(key)) violations.set(key, violation);
  }
  return violations;
}

function check(
  compiled: CompiledCase,
  passage: Passage,
  mention: ConceptMention,
  isPast: boolean,
): Violation | null {
  const { id, kind, denied } = mention;
  const isObserved = kind === 'symptom' || kind === 'sign';
  const use = compiled.concepts.get(id);
  const contradicted = (reason: string): Violation => ({
    kind: 'contradicted',
    label: denied ? `no ${id}` : id,
    weight: WRONG,
    reason,
    mention,
    ...sourceOf(compiled, id),
  });
  if (use !== undefined) {
    const isOnlyDenied = use.affirmed === 0 && use.family === 0 && use.denied > 0;
    if (!denied && isOnlyDenied && !compiled.derived.has(id)) return contradicted('the case denies it');
    const isOnlyAffirmed = use.affirmed > 0 && use.denied === 0;
    return denied && isObserved && isOnlyAffirmed ? contradicted('the case has it') : null;
  }
  if (denied) return compiled.derived.has(id) ? contradicted('a value of the case amounts to it') : null;
  if (!isObserved && !isPast) return null;
  if (isExcused(compiled, id) || isParaphrase(compiled, passage, mention)) return null;
  return { kind: 'unsupported', label: id, weight: INVENTED, reason: 'not in the case', mention };
}

function isExcused({ concepts, derived, elsewhere }: CompiledCase, id: ConceptId): boolean {
  if (derived.has(id) || elsewhere.has(id)) return true;
  return (EXCUSED_BY[id] ?? []).some(
    (other) => (concepts.get(other)?.affirmed ?? 0) > 0 || derived.has(other),
  );
}

/** A word of it begins like a word of the question. */
function isParaphrase({ beginnings }: CompiledCase, { tokens }: Passage, { first, last }: Mention): boolean {
  return tokens
    .slice(first, last + 1)
    .some(
      ({ kind, word: { stem } }) =>
        kind === 'word' &&
        stem.length >= SHARED_LETTERS &&
        !VAGUE_WORDS.has(stem) &&
        beginnings.has(stem.slice(0, SHARED_LETTERS)),
    );
}

function sourceOf({ findings }: CompiledCase, id: ConceptId): { source?: TextSpan } {
  const finding =
    findings.find((candidate) => candidate.kind === 'concept' && candidate.concept === id) ??
    findings.find((candidate) => derivedConcept(candidate) === id);
  return finding === undefined ? {} : { source: finding.source };
}

/**
 * Where the text speaks of the patient: behind "the patient has", "his", up to a hedge or the end of
 * the claim. Linear: each subject looks at a bounded number of words.
 */
function markClaims({ stream, tokens, denied }: Passage): Uint8Array {
  const claims = new Uint8Array(tokens.length);
  for (const subject of stream) {
    const verb = claimVerb(stream, subject);
    if (verb === null) continue;
    let words = 0;
    let mark = verb.word.stem === 'history' ? PAST : CLAIM;
    for (let at = verb.position + 1; at < stream.length && words < CLAIM_WORDS; at++) {
      const token = stream[at]!;
      if (token.sentence !== subject.sentence || endsClaim(token, denied)) break;
      if (token.word.lower === 'history') mark = PAST;
      if (token.kind === 'word') words++;
      claims[token.index] = mark;
    }
  }
  return claims;
}

/** The word that opens a claim about `subject`: its verb, or a possessive itself. null: no claim. */
function claimVerb(stream: readonly Token[], subject: Token): Token | null {
  const { kind, word } = subject;
  if (kind !== 'word' || !(word.isSubject || word.isPossessive)) return null;
  if (word.isPossessive || word.lower.endsWith("'s")) return subject;
  for (let at = subject.position + 1; at <= subject.position + VERB_REACH; at++) {
    const token = stream[at];
    if (token?.kind !== 'word' || token.sentence !== subject.sentence || HEDGES.has(token.word.lower))
      return null;
    if (token.word.lower === 'also') continue;
    if (!CLAIM_VERBS.has(token.word.stem) && !CLAIM_VERBS.has(token.word.lower)) continue;
    const isCopula = token.word.lower === 'is' || token.word.lower === 'was';
    return isCopula && NOT_CLAIMED.has(stream[at + 1]?.word.lower ?? '') ? null : token;
  }
  return null;
}

function endsClaim({ kind, text, word, index }: Token, denied: Uint8Array): boolean {
  if (kind !== 'word') return ':(?'.includes(text);
  if (HEDGES.has(word.lower) || CLAIM_ENDS.has(word.lower)) return true;
  return word.lower === 'or' && denied[index] === 0;
}
