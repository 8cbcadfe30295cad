/** The bottom line: the promise, and what went wrong so far. */
import { useState } from 'react';
import { useSession, useStudio } from '../context';
import { Icon } from '../kit/Icon';
import { ErrorPanel } from './ErrorPanel';
import css from './StatusBar.module.css';

export function StatusBar() {
  const session = useSession();
  const errors = useStudio((state) => state.errors);
  const build = useStudio((state) => state.ready?.build ?? __BUILD__);
  const [open, setOpen] = useState(false);
  const toggle = () => {
    setOpen(!open);
    for (const { id } of errors) session.voice.closeToast(id); // the panel says the same
  };
  return (
    <footer className={css.bar}>
      <Icon name="lock" size={14} />
      <p className={css.promise}>Runs on your machine. No upload. Research only — not for clinical use.</p>
      <span className={css.build}>build {build}</span>
      {errors.length > 0 && (
        <button type="button" className={css.problems} aria-expanded={open} onClick={toggle}>
          <Icon name="alert" size={14} />
          {errors.length === 1 ? '1 problem' : `${errors.length} problems`}
        </button>
      )}
      {open && errors.length > 0 && <ErrorPanel errors={errors} onClose={() => setOpen(false)} />}
    </footer>
  );
}
