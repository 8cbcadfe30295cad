/** What scoring takes and gives: a completion and its case in; values, the reward and its evidence out. */
import type { TagSet } from './config';
import type { ClinicalCase, ObjectiveValues } from './records';

/** The part of a case that objectives read. */
export type ScoredCase = Pick<ClinicalCase, 'question' | 'options' | 'answer' | 'openAnswer'>;

export interface ResponseSettings {
  readonly tags: TagSet;
  /** The tokenizer's end-of-sequence text, e.g. `<|im_end|>`; not empty. */
  readonly eos: string;
  /** The prompt ended with the opening reasoning tag, so the completion lacks it. */
  readonly addOpeningTag: boolean;
  /** Tokens used and allowed, where they are known: integrity looks at them. */
  readonly length?: { readonly tokens: number; readonly limit: number };
}

export interface ScoringInput extends ResponseSettings {
  readonly completion: string;
  /** Neither `answer` nor `openAnswer`: unlabelled, so neither accuracy nor reward. */
  readonly case: ScoredCase;
}

export interface ScoredCompletion {
  /** Every objective, whatever its weight; null where it does not apply. */
  readonly rewards: ObjectiveValues;
  /** Objective → its part of the reward; objectives without weight or value are missing. */
  readonly contributions: Readonly<Record<string, number>>;
  /** Σ contributions; null for an unlabelled case. */
  readonly reward: number | null;
  /** What faithfulness and comprehensiveness were multiplied by; null: the gate is off. */
  readonly gate: RewardGate | null;
  /** The same keys as `rewards`. */
  readonly evidence: Readonly<Record<string, Evidence | null>>;
}

export interface RewardGate {
  readonly wellFormed: boolean;
  /** Boxes in the response; the gate wants exactly one. */
  readonly boxes: number;
  /** The integrity objective, 0 … 1. */
  readonly integrity: number;
  /** `integrity` for a well-formed response with one box, else 0. */
  readonly factor: number;
}

/** [start, end) in UTF-16 code units. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** A span of the completion as it came. */
export interface EvidenceSpan extends TextSpan {
  /** What the span is: `box`, `reasoning`, `conclusion`, `not-english`. */
  readonly label: string;
}

/** One thing that an objective found, or missed, and what that is worth. */
export interface EvidenceItem {
  /** Kebab-case: `cited`, `not-cited`, `supported`, `unsupported`, `contradicted`, `rejected`, `not-rejected`, … */
  readonly kind: string;
  /** What it is about, for a person: `fever`, `temperature 38.5`, `B Gentamicin`. */
  readonly label: string;
  /** Its part in the arithmetic: a credit, the weight of a violation, a penalty. */
  readonly value: number;
  /** Why, in a few words for a person. */
  readonly reason?: string;
  /** Where the completion says it. */
  readonly completion?: TextSpan;
  /** Where the case has it. */
  readonly source?: CaseSpan;
}

export interface CaseSpan extends TextSpan {
  /** `question`, or the letter of an option. */
  readonly part: string;
}

/** Why an objective has its value. Bounded however long the completion is. */
export interface Evidence {
  /** Stable, kebab-case: the branch of the rule that decided. */
  readonly rule: string;
  /** Over the whole completion, also where spans and items are cut. */
  readonly counts: Readonly<Record<string, number>>;
  /** In the order of the text. */
  readonly spans: readonly EvidenceSpan[];
  readonly items: readonly EvidenceItem[];
  /** From the parts to the value, with this completion's figures: `min(1, 2.4 / min(8.5, 5)) = 0.48`. */
  readonly arithmetic: string;
}
