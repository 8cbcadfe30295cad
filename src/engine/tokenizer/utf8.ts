/**
 * UTF-8 to text with the place of every byte, by the WHATWG decoder's rules (Encoding Standard,
 * "UTF-8 decoder"): the text equals `TextDecoder`'s with `ignoreBOM`, faults included, where each
 * broken sequence becomes one U+FFFD.
 */

interface LocatedText {
  readonly text: string;
  /** Per byte: where in `text` the character begins that the byte belongs to, in UTF-16 code units. */
  readonly starts: Uint32Array;
  /** Per byte: where that character ends. */
  readonly ends: Uint32Array;
}

const REPLACEMENT = 0xfffd;

export function decodeUtf8(bytes: Uint8Array): LocatedText {
  const starts = new Uint32Array(bytes.length);
  const ends = new Uint32Array(bytes.length);
  const parts: string[] = [];
  let position = 0;
  for (let first = 0; first < bytes.length; ) {
    const { codePoint, next } = readCodePoint(bytes, first);
    const width = codePoint > 0xffff ? 2 : 1;
    starts.fill(position, first, next);
    ends.fill(position + width, first, next);
    parts.push(String.fromCodePoint(codePoint));
    position += width;
    first = next;
  }
  return { text: parts.join(''), starts, ends };
}

function readCodePoint(bytes: Uint8Array, first: number): { codePoint: number; next: number } {
  const lead = bytes[first]!;
  const next = first + 1;
  if (lead < 0x80) return { codePoint: lead, next };
  if (lead >= 0xc2 && lead <= 0xdf) return readRest(bytes, next, lead & 0x1f, 1, 0x80, 0xbf);
  if (lead >= 0xe0 && lead <= 0xef) {
    // E0 may not begin an overlong form, ED not a surrogate.
    return readRest(bytes, next, lead & 0x0f, 2, lead === 0xe0 ? 0xa0 : 0x80, lead === 0xed ? 0x9f : 0xbf);
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    // F0 may not begin an overlong form, F4 nothing above U+10FFFF.
    return readRest(bytes, next, lead & 0x07, 3, lead === 0xf0 ? 0x90 : 0x80, lead === 0xf4 ? 0x8f : 0xbf);
  }
  return { codePoint: REPLACEMENT, next };
}

/** Continuation bytes from `next` on; the first must lie in [lowest, highest], the others in [80, BF]. */
function readRest(
  bytes: Uint8Array,
  next: number,
  leadBits: number,
  count: number,
  lowest: number,
  highest: number,
): { codePoint: number; next: number } {
  let codePoint = leadBits;
  for (let i = 0; i < count; i++) {
    const byte = bytes[next];
    const low = i === 0 ? lowest : 0x80;
    const high = i === 0 ? highest : 0xbf;
    if (byte === undefined || byte < low || byte > high) return { codePoint: REPLACEMENT, next };
    codePoint = codePoint * 64 + (byte & 0x3f);
    next++;
  }
  return { codePoint, next };
}
