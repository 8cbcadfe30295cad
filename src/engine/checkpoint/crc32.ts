/** CRC-32 of zip (reflected polynomial 0xEDB88320), over bytes that come in pieces. */
export class Crc32 {
  private register = -1;

  update(bytes: Uint8Array): this {
    let register = this.register;
    for (let i = 0; i < bytes.length; i++)
      register = TABLE[(register ^ bytes[i]!) & 0xff]! ^ (register >>> 8);
    this.register = register;
    return this;
  }

  /** Of all bytes so far; unsigned. */
  get value(): number {
    return ~this.register >>> 0;
  }
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
  return remainder;
});
