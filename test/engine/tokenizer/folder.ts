/** The fixture tokenizer as a folder, with any file changed or left out. */
import { readFileSync } from 'node:fs';
import { bytesSource, type Folder } from '../../../src/engine/files';

interface Reference {
  readonly madeWith: string;
  readonly template: string;
  readonly variants: readonly {
    readonly name: string;
    readonly patch: Readonly<Record<string, unknown>>;
    readonly encodings: readonly { text: string; ids: number[]; offsets: [number, number][] }[];
    readonly decodings: readonly { ids: number[]; whole: string; skipped: string }[];
  }[];
  readonly prompts: readonly {
    readonly messages: readonly { role: 'system' | 'user' | 'assistant'; content: string }[];
    readonly addGenerationPrompt: boolean;
    readonly text: string;
  }[];
}

const FIXTURES = new URL('../../fixtures/tokenizer/', import.meta.url);

export function readReference(): Reference {
  return JSON.parse(readFileSync(new URL('reference.json', FIXTURES), 'utf8')) as Reference;
}

export function readTokenizerJson(): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL('tokenizer.json', FIXTURES), 'utf8')) as Record<string, unknown>;
}

/** Files as given: objects become JSON, texts stay, undefined leaves the file out. */
export function folderOf(files: Readonly<Record<string, object | string | undefined>>): Folder {
  const present = Object.entries(files).filter(([, content]) => content !== undefined);
  return new Map(
    present.map(([name, content]) => {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      return [name, bytesSource(name, new TextEncoder().encode(text))];
    }),
  );
}

export function tokenizerFolder(changes: Readonly<Record<string, object | string | undefined>> = {}): Folder {
  return folderOf({
    'tokenizer.json': readTokenizerJson(),
    'tokenizer_config.json': { eos_token: '<|im_end|>', pad_token: '<|endoftext|>' },
    ...changes,
  });
}
