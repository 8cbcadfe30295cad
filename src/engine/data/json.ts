/**
 * JSON from strangers: nesting is bounded before `JSON.parse` sees the text (deep values parse, but
 * crash structured clone later), and a fault is located by an own scan, because V8 names a position
 * for some faults only and other engines name none.
 */

/** Deepest nesting of arrays and objects; dataset rows and tokenizer files need less than ten. */
export const MAX_DEPTH = 64;

interface JsonFault {
  readonly kind: 'json-invalid' | 'json-too-deep';
  /** 1-based, in UTF-16 code units; one past the end when the text stops early. */
  readonly column: number;
  /** Continues a sentence: "expected ',' or '}'". */
  readonly message: string;
}

/** Parses JSON of bounded depth; never throws. Time is linear in the text. */
export function parseJson(text: string): { readonly value: unknown } | { readonly fault: JsonFault } {
  const deep = findDepth(text, MAX_DEPTH);
  if (deep !== null) {
    const message = `expected nesting of at most ${MAX_DEPTH} levels, received more`;
    return { fault: { kind: 'json-too-deep', column: deep + 1, message } };
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const { position, message } = locateFault(text);
    return { fault: { kind: 'json-invalid', column: position + 1, message } };
  }
}

/** Index of the first bracket that opens more than `limit` levels; null if none does. */
function findDepth(text: string, limit: number): number | null {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      if (++depth > limit) return i;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth--;
    }
  }
  return null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Index of the quote that closes the string opened at `start`, or of the text's end. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

interface Located {
  readonly position: number;
  readonly message: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** Where RFC 8259's grammar is first broken, in text that `JSON.parse` refused. */
function locateFault(text: string): Located {
  /** Closing brackets still owed, innermost last. */
  const owed: string[] = [];
  let position = 0;
  let expects: 'value' | 'first-value' | 'first-key' | 'key' | 'after-value' = 'value';
  for (;;) {
    position = match(SPACE, text, position)!;
    const character = text[position];
    if (character === undefined) return { position, message: endMessage(owed) };
    if (expects === 'after-value') {
      const closing = owed.at(-1);
      if (closing === undefined)
        return { position, message: 'expected the end of the row, but text follows' };
      if (character === closing) owed.pop();
      else if (character === ',') expects = closing === '}' ? 'key' : 'value';
      else return { position, message: `expected ',' or '${closing}'` };
      position++;
    } else if (expects === 'first-key' || expects === 'key') {
      if (character === '}' && expects === 'first-key') {
        owed.pop();
        expects = 'after-value';
        position++;
        continue;
      }
      if (character !== '"') return { position, message: 'expected a field name in double quotes' };
      const end = scanString(text, position);
      if (typeof end !== 'number') return end;
      position = match(SPACE, text, end)!;
      if (position === text.length) return { position, message: endMessage(owed) };
      if (text[position] !== ':') return { position, message: "expected ':' after the field name" };
      position++;
      expects = 'value';
    } else if (character === ']' && expects === 'first-value') {
      owed.pop();
      expects = 'after-value';
      position++;
    } else if (character === '{') {
      owed.push('}');
      expects = 'first-key';
      position++;
    } else if (character === '[') {
      owed.push(']');
      expects = 'first-value';
      position++;
    } else if (character === '"') {
      const end = scanString(text, position);
      if (typeof end !== 'number') return end;
      position = end;
      expects = 'after-value';
    } else {
      const end: number | null = match(LITERAL, text, position) ?? match(NUMBER, text, position);
      if (end === null) return { position, message: 'expected a value' };
      position = end;
      expects = 'after-value';
    }
  }
}

function endMessage(owed: readonly string[]): string {
  const closing = owed.at(-1);
  return closing === undefined
    ? 'expected a value, but the text ends'
    : `expected '${closing}', but the text ends`;
}

/** End of a sticky pattern's match at `position`; null if it does not match there. */
function match(pattern: RegExp, text: string, position: number): number | null {
  pattern.lastIndex = position;
  return pattern.test(text) ? pattern.lastIndex : null;
}

/** Index after the string that opens at `start`, or the fault inside it. */
function scanString(text: string, start: number): number | Located {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code < 0x20) return { position: i, message: 'expected control characters in a string to be escaped' };
    if (code === BACKSLASH) {
      const escaped = text[++i];
      if (escaped === undefined) break;
      if (escaped === 'u') {
        for (let digit = 0; digit < 4; digit++) {
          if (++i >= text.length)
            return { position: i, message: 'expected a closing quote, but the text ends' };
          if (!/[0-9a-fA-F]/.test(text[i]!))
            return { position: i, message: 'expected four hexadecimal digits' };
        }
      } else if (!'"\\/bfnrt'.includes(escaped)) {
        return { position: i, message: 'expected a valid escape after the backslash' };
      }
    }
  }
  return { position: text.length, message: 'expected a closing quote, but the text ends' };
}

const EXCERPT = 120;

/** At most 120 characters of a line: its start, or the part around a column. */
export function excerpt(line: string, column = 1): string {
  if (line.length <= EXCERPT) return line;
  // Room for an ellipsis at either end; a third of the excerpt stands before the column.
  const visible = EXCERPT - 2;
  const start = column <= visible ? 0 : Math.min(column - 1 - EXCERPT / 3, line.length - visible);
  const end = start + visible;
  // A slice would keep the whole line in memory, which may be megabytes: split and join copy.
  const part = line.slice(start, end).split('').join('');
  return `${start > 0 ? '…' : ''}${part}${end < line.length ? '…' : ''}`;
}
