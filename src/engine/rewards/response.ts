/**
 * A completion → the response that every objective reads: P(y) of the specification, exactly as
 * Clinical-R1's released rule prepares it (verl/utils/reward_score/medical_rule_based.py).
 */
import { StudioError } from '../../protocol/errors';
import type { ResponseSettings } from '../../protocol/scoring';
import { type Span, stripRange } from './python-text';
import { TAGS, type TagPair } from './tags';

const FINAL_RESPONSE = '## Final Response';

export type { ResponseSettings } from '../../protocol/scoring';

export interface Response {
  readonly text: string;
  readonly tags: TagPair;
  /** Index in the completion = index in `text` + `offset`. Units: UTF-16 code units. */
  readonly offset: number;
  /** Tokens used and allowed, where they are known. */
  readonly length?: { readonly tokens: number; readonly limit: number };
}

/**
 * In this order: everything before the first `eos`, stripped; `<\tag>` repaired to `</tag>`; what
 * stands between the first and the second `## Final Response`, stripped, if there is one; the
 * opening tag in front, if asked for. Time is linear in the completion.
 *
 * Repairs keep the length and cannot make or break a heading, so the range is found first.
 */
export function prepareResponse(completion: string, settings: ResponseSettings): Response {
  const { reasoning, conclusion } = TAGS[settings.tags];
  const { start, end } = responseRange(completion, settings.eos);
  const opening = settings.addOpeningTag ? `<${reasoning}>` : '';
  const repaired = completion
    .slice(start, end)
    .replaceAll(`<\\${reasoning}>`, `</${reasoning}>`)
    .replaceAll(`<\\${conclusion}>`, `</${conclusion}>`);
  return {
    text: opening + repaired,
    tags: TAGS[settings.tags],
    offset: start - opening.length,
    ...(settings.length && { length: settings.length }),
  };
}

function responseRange(completion: string, eos: string): Span {
  if (eos === '') {
    throw new StudioError({
      boundary: 'reward',
      code: 'eos-empty',
      message: 'The end-of-sequence text is empty; expected the tokenizer’s, e.g. <|im_end|>.',
      action: 'Name the end-of-sequence token of the model that wrote the completion.',
    });
  }
  const whole = stripRange(completion, { start: 0, end: indexOrEnd(completion, eos, 0, completion.length) });
  const heading = completion.indexOf(FINAL_RESPONSE, whole.start);
  if (heading === -1 || heading + FINAL_RESPONSE.length > whole.end) return whole;
  const start = heading + FINAL_RESPONSE.length;
  return stripRange(completion, { start, end: indexOrEnd(completion, FINAL_RESPONSE, start, whole.end) });
}

/** Where `needle` starts at or after `from`, if it ends by `end`; else `end`. */
function indexOrEnd(text: string, needle: string, from: number, end: number): number {
  const index = text.indexOf(needle, from);
  return index === -1 || index + needle.length > end ? end : index;
}
