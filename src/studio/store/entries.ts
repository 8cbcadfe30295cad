/** From a drop, a picker or a paste to files with paths; folders are walked whole. */
import type { NamedFile } from '../../protocol';

/** A dropped folder may be a home directory: stop before it fills the page. */
const FILE_LIMIT = 5_000;

/**
 * Everything in a drop. Must be called inside the event: handles and entries are asked for at
 * once, because the list is emptied when the event ends.
 */
export function filesOfTransfer(transfer: DataTransfer): Promise<NamedFile[]> {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const pending = items.map((item) => ({
    handle: item.getAsFileSystemHandle?.(),
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  return collect(pending);
}

async function collect(
  pending: readonly {
    readonly handle: Promise<FileSystemFileHandle | FileSystemDirectoryHandle | null> | undefined;
    readonly entry: FileSystemEntry | null;
    readonly file: File | null;
  }[],
): Promise<NamedFile[]> {
  const out: NamedFile[] = [];
  for (const { handle, entry, file } of pending) {
    const opened = await handle?.catch(() => null); // refused by policy: the entry still works
    if (opened) await walkHandle(opened, '', out);
    else if (entry) await walkEntry(entry, '', out);
    else if (file) out.push({ path: file.name, file });
  }
  return out;
}

async function walkHandle(
  handle: FileSystemFileHandle | FileSystemDirectoryHandle,
  folder: string,
  out: NamedFile[],
): Promise<void> {
  const path = folder + handle.name;
  if (handle.kind === 'file') {
    out.push({ path, file: await handle.getFile() });
    return;
  }
  for await (const child of handle.values()) {
    if (out.length >= FILE_LIMIT) return;
    await walkHandle(child, `${path}/`, out);
  }
}

async function walkEntry(entry: FileSystemEntry, folder: string, out: NamedFile[]): Promise<void> {
  const path = folder + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    out.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // One call gives at most 100 entries; an empty list ends it.
    const children = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (children.length === 0) return;
    for (const child of children) {
      if (out.length >= FILE_LIMIT) return;
      await walkEntry(child, `${path}/`, out);
    }
  }
}

/** Files of an `<input type="file">`; with `webkitdirectory` they carry their paths. */
export const filesOfInput = (files: Iterable<File>): NamedFile[] =>
  [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** A paste: its files, or its text as a file. */
export function filesOfPaste(data: DataTransfer): NamedFile[] {
  if (data.files.length > 0) return filesOfInput(data.files);
  const text = data.getData('text/plain');
  return text.trim() === '' ? [] : [{ path: 'pasted.jsonl', file: new Blob([text]) }];
}
