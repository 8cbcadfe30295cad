/** The first case as the mapping reads it, so that a wrong column shows before the file is read. */
import { formatCount } from '../../store/format';
import { Chip } from '../kit/Chip';
import { ErrorText } from '../shell/ErrorPanel';
import { CaseView } from './CaseView';
import css from './Mapping.module.css';
import type { Preview } from './usePreview';

interface MappingPreviewProps {
  readonly preview: Preview;
  readonly isReady: boolean;
}

export function MappingPreview({ preview: { result, error }, isReady }: MappingPreviewProps) {
  return (
    <section className={css.preview} aria-label="Preview" aria-live="polite">
      {error && <ErrorText record={error} />}
      {!error && !result && (
        <p className={css.muted}>
          {isReady ? 'Reading the first rows…' : 'The first case appears here once the mapping is whole.'}
        </p>
      )}
      {result && (
        <>
          <p>
            <Chip tone={result.rowsRead === result.rowsLookedAt ? 'ok' : 'warn'}>
              {formatCount(result.rowsRead)} of the first {formatCount(result.rowsLookedAt)} rows are cases
            </Chip>
          </p>
          {result.case && <CaseView row={result.case} />}
        </>
      )}
    </section>
  );
}
