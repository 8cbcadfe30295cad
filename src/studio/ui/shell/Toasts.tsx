/** What just happened, in the corner: errors as they come, and remarks with their Undo. */
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { ErrorText } from './ErrorPanel';
import css from './Toasts.module.css';

/** More would cover the screen; the panel lists all. */
const ERRORS_SHOWN = 3;

export function Toasts() {
  const session = useSession();
  const errors = useStudio((state) => state.errors);
  const notices = useStudio((state) => state.notices);
  return (
    <div className={css.corner}>
      <div role="alert" className={css.stack}>
        {errors
          .filter(({ toast }) => toast)
          .slice(-ERRORS_SHOWN)
          .map(({ id, record, count }) => (
            <div key={id} className={cx(css.toast, css.error)}>
              <ErrorText record={record} count={count} />
              <Button
                label="Close"
                bare
                tone="quiet"
                icon="close"
                onClick={() => session.voice.closeToast(id)}
              />
            </div>
          ))}
      </div>
      <div role="status" className={css.stack}>
        {notices.map(({ id, text, undoCheckpoint }) => (
          <div key={id} className={css.toast}>
            <p className={css.text}>{text}</p>
            {undoCheckpoint && (
              <Button
                label="Undo"
                icon="undo"
                onClick={() => {
                  session.voice.closeNotice(id);
                  void session.restoreCheckpoint(undoCheckpoint);
                }}
              />
            )}
            <Button
              label="Close"
              bare
              tone="quiet"
              icon="close"
              onClick={() => session.voice.closeNotice(id)}
            />
          </div>
        ))}
      </div>
    </div>
  );
}
