/** What the mapping makes of the file's first rows, asked for anew when it changes and rests. */
import { useEffect, useState } from 'react';
import { type ColumnMapping, type ErrorRecord, type MappingPreview, toErrorRecord } from '../../../protocol';
import { useSession } from '../context';

const REST_MS = 150;

export interface Preview {
  /** Of the last mapping that was tried. */
  readonly result: MappingPreview | null;
  readonly error: ErrorRecord | null;
}

const NOTHING: Preview = { result: null, error: null };

/** null: there is no mapping yet. */
export function usePreview(mapping: ColumnMapping | null): Preview {
  const session = useSession();
  const [preview, setPreview] = useState(NOTHING);
  const key = mapping && JSON.stringify(mapping);
  useEffect(() => {
    if (key === null) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      session.librarian.preview(JSON.parse(key) as ColumnMapping).then(
        (result) => isWanted && setPreview({ result, error: null }),
        (thrown: unknown) => isWanted && setPreview({ result: null, error: toErrorRecord(thrown) }),
      );
    }, REST_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [session, key]);
  return key === null ? NOTHING : preview;
}
