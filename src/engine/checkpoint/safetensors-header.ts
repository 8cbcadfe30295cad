/**
 * The JSON header of a safetensors file, read by its own grammar instead of `JSON.parse`, which
 * keeps the last of two equal keys in silence, lets `__proto__` through as a setter, and recurses as
 * deep as the file asks. Here nesting is at most three by construction, and names become Map keys.
 */
import { type ErrorRecord, StudioError } from '../../protocol/errors';

export interface HeaderTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Relative to the first byte after the header. */
  readonly offsets: readonly [start: number, end: number];
}

export interface Header {
  readonly tensors: ReadonlyMap<string, HeaderTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Far above any published model; keeps a hostile header from costing more memory than its bytes. */
const MAX_TENSORS = 250_000;
const MAX_RANK = 16;

/**
 * Reads the header's text, from `{` to `}` and JSON white space after it.
 * Throws `safetensors-json`, `-duplicate-key`, `-field`, `-integer`, `-metadata`, `-rank` or `-tensor-count`.
 */
export function parseHeader(text: string, file: string): Header {
  const scanner = new Scanner(text, file);
  const tensors = new Map<string, HeaderTensor>();
  let metadata: ReadonlyMap<string, string> | null = null;
  scanner.object('the header', (key) => {
    if (key === '__metadata__') {
      if (metadata !== null) throw scanner.duplicate(key, 'the header');
      metadata = parseMetadata(scanner);
      return;
    }
    if (tensors.has(key)) throw scanner.duplicate(key, 'the header');
    if (tensors.size === MAX_TENSORS) {
      throw scanner.fault(
        'safetensors-tensor-count',
        `expected at most ${MAX_TENSORS} tensors, received more`,
      );
    }
    tensors.set(key, parseTensor(scanner, key));
  });
  scanner.end();
  return { tensors, metadata: metadata ?? new Map() };
}

function parseMetadata(scanner: Scanner): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  scanner.object('`__metadata__`', (key) => {
    if (metadata.has(key)) throw scanner.duplicate(key, '`__metadata__`');
    if (!scanner.at('"')) {
      throw scanner.fault(
        'safetensors-metadata',
        `expected a string for the metadata key ${quote(key)}, received ${scanner.found()}`,
      );
    }
    metadata.set(key, scanner.string());
  });
  return metadata;
}

function parseTensor(scanner: Scanner, name: string): HeaderTensor {
  const where = `tensor ${quote(name)}`;
  let dtype: string | null = null;
  let shape: number[] | null = null;
  let offsets: number[] | null = null;
  scanner.object(where, (key) => {
    const value = key === 'dtype' ? dtype : key === 'shape' ? shape : key === 'data_offsets' ? offsets : null;
    if (value !== null) throw scanner.duplicate(key, where);
    if (key === 'dtype') dtype = scanner.string();
    else if (key === 'shape') shape = scanner.integers(where);
    else if (key === 'data_offsets') offsets = scanner.integers(where);
    else {
      throw scanner.fault(
        'safetensors-field',
        `expected only dtype, shape and data_offsets in ${where}, received ${quote(key)}`,
      );
    }
  });
  if (dtype === null || shape === null || offsets === null) {
    const missing = dtype === null ? 'dtype' : shape === null ? 'shape' : 'data_offsets';
    throw scanner.fault('safetensors-field', `expected ${missing} in ${where}, received none`);
  }
  const [start, end, ...more] = offsets as number[];
  if (start === undefined || end === undefined || more.length > 0 || end < start) {
    throw scanner.fault(
      'safetensors-offsets',
      `expected data_offsets [start, end] with start ≤ end in ${where}, received [${(offsets as number[]).join(', ')}]`,
    );
  }
  return { dtype, shape, offsets: [start, end] };
}

/** A cursor over JSON text that knows objects, strings and lists of non-negative integers. */
class Scanner {
  private position = 0;

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  /** Calls `member` with each key, the cursor at the value. */
  object(where: string, member: (key: string) => void): void {
    this.expect('{', where);
    if (this.at('}')) {
      this.position++;
      return;
    }
    for (;;) {
      const key = this.string();
      this.expect(':', where);
      member(key);
      if (this.at('}')) break;
      this.expect(',', where);
    }
    this.position++;
  }

  string(): string {
    this.expect('"', 'a string');
    const start = this.position - 1;
    let close = this.text.indexOf('"', this.position);
    while (close !== -1 && this.isEscaped(close)) close = this.text.indexOf('"', close + 1);
    if (close === -1)
      throw this.fault('safetensors-json', 'expected the string to be closed, received the end');
    const literal = this.text.slice(start, close + 1);
    try {
      const value = JSON.parse(literal) as string;
      this.position = close + 1;
      return value;
    } catch {
      throw this.fault('safetensors-json', `expected a JSON string, received ${literal.slice(0, 60)}`);
    }
  }

  integers(where: string): number[] {
    this.expect('[', where);
    const values: number[] = [];
    if (this.at(']')) {
      this.position++;
      return values;
    }
    for (;;) {
      if (values.length === MAX_RANK) {
        throw this.fault(
          'safetensors-rank',
          `expected at most ${MAX_RANK} numbers in a list of ${where}, received more`,
        );
      }
      values.push(this.integer(where));
      if (this.at(']')) break;
      this.expect(',', where);
    }
    this.position++;
    return values;
  }

  end(): void {
    this.skipSpace();
    if (this.position < this.text.length) {
      throw this.fault(
        'safetensors-json',
        `expected the header to end after its object, received ${this.found()}`,
      );
    }
  }

  /** Whether `character` comes next, white space aside. */
  at(character: string): boolean {
    this.skipSpace();
    return this.text[this.position] === character;
  }

  /** What stands at the cursor, for a message. */
  found(): string {
    this.skipSpace();
    if (this.position >= this.text.length) return 'the end of the header';
    return quote(this.text.slice(this.position, this.position + 24));
  }

  duplicate(key: string, where: string): StudioError {
    return this.fault(
      'safetensors-duplicate-key',
      `expected each key once in ${where}, received ${quote(key)} twice`,
    );
  }

  fault(code: string, expectation: string): StudioError {
    return safetensorsError(
      code,
      this.file,
      `${expectation} (at character ${this.position + 1} of the header)`,
    );
  }

  private integer(where: string): number {
    this.skipSpace();
    const start = this.position;
    while (/[-+.0-9eE]/.test(this.text[this.position] ?? '')) this.position++;
    const token = this.text.slice(start, this.position);
    const value = Number(token);
    if (!/^(0|[1-9][0-9]{0,15})$/.test(token) || !Number.isSafeInteger(value)) {
      const received = token === '' ? this.found() : token.slice(0, 40);
      throw this.fault(
        'safetensors-integer',
        `expected a whole number from 0 to 2^53 − 1 in ${where}, received ${received}`,
      );
    }
    return value;
  }

  private expect(character: string, where: string): void {
    if (!this.at(character)) {
      throw this.fault(
        'safetensors-json',
        `expected ${quote(character)} in ${where}, received ${this.found()}`,
      );
    }
    this.position++;
  }

  /** A quote after an odd number of backslashes. */
  private isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.text[at - 1 - backslashes] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }

  private skipSpace(): void {
    for (;;) {
      const character = this.text[this.position];
      if (character !== ' ' && character !== '\n' && character !== '\r' && character !== '\t') return;
      this.position++;
    }
  }
}

/** Every fault of a safetensors file ends in the same advice: it is not what its writer meant to write. */
export function safetensorsError(
  code: string,
  file: string,
  expectation: string,
  more?: Partial<ErrorRecord>,
): StudioError {
  return new StudioError({
    boundary: 'model',
    code,
    message: `${file} is not a valid safetensors file: ${expectation}.`,
    action: 'Download or export the file again; if it came with a checksum, compare it.',
    file,
    ...more,
  });
}

/** A name from an untrusted file, shortened and with control characters escaped. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
