/**
 * The byte-level BPE alphabet (GPT-2, and after it Llama 3, Qwen2, Qwen3, SmolLM2): a vocabulary is
 * written in characters, one per byte. Printable Latin-1 characters stand for their own byte; the
 * 68 others are moved to U+0100 and up, in order.
 */

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

/** Byte → the character that stands for it in a vocabulary. */
export const CHARACTER_OF_BYTE: readonly string[] = (() => {
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCharCode(isPrintable(byte) ? byte : 0x100 + moved++),
  );
})();

/** The inverse of `CHARACTER_OF_BYTE`. */
const BYTE_OF_CHARACTER: ReadonlyMap<string, number> = new Map(
  CHARACTER_OF_BYTE.map((character, byte) => [character, byte]),
);

/** The bytes of a vocabulary entry; null if a character is not of the byte alphabet. */
export function tokenBytes(token: string): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = BYTE_OF_CHARACTER.get(token[i]!);
    if (byte === undefined) return null;
    bytes[i] = byte;
  }
  return bytes;
}
