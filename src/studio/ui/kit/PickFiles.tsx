/** A button that opens the browser's file or folder picker. */
import { useRef } from 'react';
import type { NamedFile } from '../../../protocol';
import { filesOfInput } from '../../store/entries';
import { Button } from './Button';
import type { IconName } from './Icon';

interface PickFilesProps {
  readonly label: string;
  readonly icon: IconName;
  readonly folder?: boolean;
  /** As the `accept` attribute; a hint for the picker, content decides. */
  readonly accept?: string;
  readonly disabled?: boolean;
  readonly onFiles: (files: NamedFile[]) => void;
}

export function PickFiles({ label, icon, folder = false, accept, disabled, onFiles }: PickFilesProps) {
  const input = useRef<HTMLInputElement | null>(null);
  return (
    <>
      <input
        ref={(element) => {
          input.current = element;
          if (element) element.webkitdirectory = folder; // React knows no such attribute
        }}
        type="file"
        hidden
        aria-label={label}
        multiple
        accept={accept}
        onChange={(event) => {
          onFiles(filesOfInput(event.target.files ?? []));
          event.target.value = ''; // the same file may be picked again
        }}
      />
      <Button label={label} icon={icon} disabled={disabled} onClick={() => input.current?.click()} />
    </>
  );
}
