/** All keys, from the table that binds them. */

import { KEYS } from '../keys';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import css from './KeySheet.module.css';

export function KeySheet({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className={css.keys}>
        {Object.entries(KEYS).map(([name, { label, text }]) => (
          <div key={name} className={css.row}>
            <dt>
              <kbd>{label}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <div className={css.end}>
        <Button label="Close" tone="primary" onClick={onClose} />
      </div>
    </Dialog>
  );
}
