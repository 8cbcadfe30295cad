/** Version and commit of this build; set by vite.config.ts. */
declare const __BUILD__: string;

/** File-system pickers and handles that lib.dom does not know yet; Chromium only, so every use asks first. */
interface Window {
  showSaveFilePicker?(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}
interface DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemFileHandle | FileSystemDirectoryHandle | null>;
}
