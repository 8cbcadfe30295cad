/** Gives the person a file: where the browser asks for a place, there; else as a download. */
import type { ExportedFile } from '../../protocol';

/** false: the person closed the picker. */
export async function saveFile({ name, file }: Pick<ExportedFile, 'name' | 'file'>): Promise<boolean> {
  if (window.showSaveFilePicker) {
    try {
      const handle = await window.showSaveFilePicker({ suggestedName: name });
      const stream = await handle.createWritable();
      await file.stream().pipeTo(stream);
      return true;
    } catch (thrown) {
      const reason = thrown instanceof DOMException ? thrown.name : '';
      if (reason === 'AbortError') return false;
      // The click that allowed a picker is too long ago, or policy forbids one: download instead.
      if (reason !== 'SecurityError' && reason !== 'NotAllowedError') throw thrown;
    }
  }
  const url = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download reads it after the click
  return true;
}
