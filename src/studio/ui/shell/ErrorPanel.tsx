/** Every error of this visit: what happened, where, what to do. The one place that draws an `ErrorRecord`. */
import type { ErrorRecord } from '../../../protocol';
import type { ShownError, StudioState } from '../../store/state';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Icon } from '../kit/Icon';
import { Verbatim } from '../kit/Verbatim';
import css from './ErrorPanel.module.css';

interface ErrorPanelProps {
  readonly errors: readonly ShownError[];
  readonly onClose: () => void;
}

export function ErrorPanel({ errors, onClose }: ErrorPanelProps) {
  const session = useSession();
  const copy = () =>
    navigator.clipboard.writeText(diagnostics(session.state(), navigator.userAgent)).then(
      () => session.voice.notify('Diagnostics copied: build, backend, error codes; no text of any case.'),
      (thrown: unknown) => session.voice.fail(thrown),
    );
  return (
    <section className={css.panel} aria-label="Problems">
      <header className={css.header}>
        <h2>Problems</h2>
        <Button label="Copy diagnostics" tone="quiet" onClick={copy} />
        <Button label="Clear" tone="quiet" onClick={() => session.voice.clearErrors()} />
        <Button label="Close" bare tone="quiet" icon="close" onClick={onClose} />
      </header>
      <ul>
        {[...errors].reverse().map(({ id, record, count }) => (
          <li key={id} className={css.item}>
            <ErrorText record={record} count={count} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Message, place and action of one error. */
export function ErrorText({ record, count = 1 }: { readonly record: ErrorRecord; readonly count?: number }) {
  const session = useSession();
  const alive = useStudio((state) => state.trainerAlive);
  const place = [
    record.file,
    record.line && `line ${record.line}`,
    record.column && `column ${record.column}`,
  ];
  const where = place.filter(Boolean).join(', ');
  const trainerGone = record.code === 'device-lost' || (record.code === 'trainer-worker-stopped' && !alive);
  return (
    <div className={css.error}>
      <Icon name="alert" />
      <div className={css.text}>
        <p className={css.message}>
          <Verbatim text={record.message} />
          {count > 1 && <span className={css.count}> ×{count}</span>}
        </p>
        {record.action && (
          <p>
            <Verbatim text={record.action} />
          </p>
        )}
        <p className={css.code}>
          {record.boundary} · {record.code}
          {where && (
            <>
              {' · '}
              <Verbatim text={where} />
            </>
          )}
        </p>
        {trainerGone && (
          <Button label="Restart the trainer" icon="restart" onClick={() => session.restartTrainer()} />
        )}
      </div>
    </div>
  );
}

/** What helps to find a defect and tells nothing of a case: codes and figures, no messages' excerpts. */
function diagnostics(state: StudioState, userAgent: string): string {
  const { ready, model, run, storage, errors } = state;
  return JSON.stringify(
    {
      page: __BUILD__,
      worker: ready?.build ?? null,
      userAgent,
      backend: ready?.backend ?? null,
      model,
      run: run && { status: run.status, step: run.step, config: run.config },
      storage,
      errors: errors.map(({ record, count }) => ({ boundary: record.boundary, code: record.code, count })),
    },
    null,
    1,
  );
}
