/**
 * Cleaning of question and option texts: the faults that published exam sets carry. Every change
 * is named, so that a summary can say how many rows were touched.
 */

export type TextRepair =
  | 'question-trimmed'
  | 'question-stray-quote'
  | 'option-trimmed'
  | 'option-line-break'
  | 'option-stray-quote'
  | 'broken-surrogate';

/** Where cleaning notes what it did, e.g. a set. */
interface RepairLog {
  add(repair: TextRepair): unknown;
}

const SURROGATE = /[\uD800-\uDFFF]/;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const ASCII = /^[ -~]*$/;
const ODD_SPACE = /[^\S ]| {2}/;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/** A question without surrounding space and without a closing quote that nothing opened. */
export function cleanQuestion(raw: string, repairs: RepairLog): string {
  let text = mendSurrogates(raw, repairs);
  const trimmed = text.trim();
  if (trimmed !== text) repairs.add('question-trimmed');
  text = trimmed;
  if (text.endsWith('"') && countQuotes(text) % 2 === 1) {
    repairs.add('question-stray-quote');
    text = text.slice(0, -1).trimEnd();
  }
  return text;
}

/**
 * An option on one line, without the quotes that a CSV export left: a lone closing quote goes, and
 * a doubled or tripled one becomes one. A line break followed by nothing but marks cuts the option
 * there; text after a line break stays, behind a space.
 */
export function cleanOption(raw: string, repairs: RepairLog): string {
  let text = mendSurrogates(raw, repairs);
  const trimmed = text.trim();
  if (trimmed !== text) repairs.add('option-trimmed');
  text = trimmed;
  if (/[\r\n]/.test(text)) {
    repairs.add('option-line-break');
    const [first = '', ...rest] = text.split(/[\r\n]+/).map((line) => line.trim());
    text = [first, ...rest.filter((line) => LETTER_OR_DIGIT.test(line))].join(' ');
  }
  if (text.includes('"')) {
    let unquoted = text.replace(/"{2,}/g, '"');
    if (unquoted.endsWith('"') && countQuotes(unquoted) % 2 === 1) unquoted = unquoted.slice(0, -1).trimEnd();
    if (unquoted !== text) repairs.add('option-stray-quote');
    text = unquoted;
  }
  return text;
}

/** For comparing texts: case, spacing and Unicode form do not count. */
export function normalized(text: string): string {
  const folded = (ASCII.test(text) ? text : text.normalize('NFKC')).toLowerCase().trim();
  // Replacing every space costs more than all the rest of an import; most texts need none of it.
  return ODD_SPACE.test(folded) ? folded.replace(/\s+/g, ' ') : folded;
}

function mendSurrogates(text: string, repairs: RepairLog): string {
  if (!SURROGATE.test(text)) return text;
  const mended = text.replace(LONE_SURROGATE, '\uFFFD');
  if (mended !== text) repairs.add('broken-surrogate');
  return mended;
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count++;
  return count;
}
