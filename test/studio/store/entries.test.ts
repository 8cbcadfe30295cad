import { describe, expect, it } from 'vitest';
import { filesOfInput, filesOfPaste, filesOfTransfer } from '../../../src/studio/store/entries';

const fileEntry = (name: string) => ({
  isFile: true,
  name,
  file: (resolve: (file: File) => void) => resolve(new File(['x'], name)),
});

/** Gives its children in batches, as browsers do, and an empty list at the end. */
const folderEntry = (name: string, children: object[], batch = 2) => ({
  isFile: false,
  name,
  createReader: () => {
    let at = 0;
    return {
      readEntries: (resolve: (entries: object[]) => void) => {
        const next = children.slice(at, at + batch);
        at += batch;
        resolve(next);
      },
    };
  },
});

const transfer = (...items: object[]) => ({ items }) as unknown as DataTransfer;
const item = (entry: object | null, extra: object = {}) => ({
  kind: 'file',
  webkitGetAsEntry: () => entry,
  getAsFile: () => null,
  ...extra,
});
const paths = async (given: DataTransfer) => (await filesOfTransfer(given)).map(({ path }) => path);

describe('filesOfTransfer', () => {
  it('walks folders to the end of each listing', async () => {
    const folder = folderEntry('qwen', [
      fileEntry('config.json'),
      fileEntry('a.safetensors'),
      folderEntry('sub', [fileEntry('deep.txt')]),
      fileEntry('tokenizer.json'),
      fileEntry('last.txt'),
    ]);
    expect(await paths(transfer(item(folder), item(fileEntry('cases.jsonl'))))).toEqual([
      'qwen/config.json',
      'qwen/a.safetensors',
      'qwen/sub/deep.txt',
      'qwen/tokenizer.json',
      'qwen/last.txt',
      'cases.jsonl',
    ]);
  });

  it('asks for every handle before it waits for any: the list empties with the event', async () => {
    let open = true;
    const handleOf = (name: string) => () => {
      if (!open) throw new Error('asked too late');
      return Promise.resolve({ kind: 'file', name, getFile: async () => new File(['x'], name) });
    };
    const files = filesOfTransfer(
      transfer(
        item(null, { getAsFileSystemHandle: handleOf('a') }),
        item(null, { getAsFileSystemHandle: handleOf('b') }),
      ),
    );
    open = false;
    expect((await files).map(({ path }) => path)).toEqual(['a', 'b']);
  });

  it('walks folder handles, and falls back to the entry where a handle is refused', async () => {
    const handle = {
      kind: 'directory',
      name: 'm',
      async *values() {
        yield { kind: 'file', name: 'config.json', getFile: async () => new File(['x'], 'config.json') };
      },
    };
    const refused = {
      getAsFileSystemHandle: () => Promise.reject(new DOMException('no', 'NotAllowedError')),
    };
    expect(
      await paths(
        transfer(
          item(null, { getAsFileSystemHandle: async () => handle }),
          item(fileEntry('cases.jsonl'), refused),
        ),
      ),
    ).toEqual(['m/config.json', 'cases.jsonl']);
  });

  it('stops in a folder that is far too large', async () => {
    const many = Array.from({ length: 6000 }, (_, at) => fileEntry(`${at}`));
    expect((await paths(transfer(item(folderEntry('home', many, 100))))).length).toBe(5000);
  });
});

describe('pickers and pastes', () => {
  it('keeps the paths of a picked folder', () => {
    const inFolder = Object.assign(new File(['x'], 'config.json'), { webkitRelativePath: 'm/config.json' });
    expect(filesOfInput([inFolder, new File(['x'], 'a.jsonl')]).map(({ path }) => path)).toEqual([
      'm/config.json',
      'a.jsonl',
    ]);
  });

  it('takes pasted text as a file, and nothing from blank text', async () => {
    const pasted = (text: string) =>
      filesOfPaste({ files: [], getData: () => text } as unknown as DataTransfer);
    expect(await pasted('{"question":"?"}')[0]!.file.text()).toBe('{"question":"?"}');
    expect(pasted(' \n')).toEqual([]);
  });
});
