/** What is stored in this browser, how much room there is, and whether the browser promised to keep it. */
import { formatBytes } from '../../store/format';
import { useStudio } from '../context';
import { Chip } from '../kit/Chip';
import { Panel } from '../kit/Panel';
import css from './Storage.module.css';

export function Storage() {
  const storage = useStudio((state) => state.storage);
  if (!storage) {
    return (
      <Panel title="Storage">
        <p className={css.muted}>Shown once the trainer has looked.</p>
      </Panel>
    );
  }
  const { checkpointBytes, trashBytes, usageBytes, quotaBytes, persisted } = storage;
  const used = checkpointBytes + trashBytes;
  const parts = [
    { label: 'checkpoints', bytes: checkpointBytes, className: css.checkpoints },
    { label: 'trash', bytes: trashBytes, className: css.trash },
    { label: 'other', bytes: Math.max(0, (usageBytes ?? used) - used), className: css.other },
  ];
  const all = Math.max(1, used, usageBytes ?? 0);
  return (
    <Panel
      title="Storage"
      note={
        quotaBytes === null
          ? undefined
          : `${formatBytes(usageBytes ?? used)} of about ${formatBytes(quotaBytes)}`
      }
      actions={
        persisted === true ? (
          <Chip tone="ok">kept by the browser ✓</Chip>
        ) : (
          <Chip
            tone="warn"
            title="The browser may clear this site’s data when the disk is full. Export what matters."
          >
            not promised to be kept
          </Chip>
        )
      }
    >
      <div
        className={css.bar}
        role="img"
        aria-label={parts.map(({ label, bytes }) => `${label} ${formatBytes(bytes)}`).join(', ')}
      >
        {parts.map(({ label, bytes, className }) => (
          <span key={label} className={className} style={{ width: `${(100 * bytes) / all}%` }} />
        ))}
      </div>
      <ul className={css.legend}>
        {parts.map(({ label, bytes, className }) => (
          <li key={label}>
            <span className={className} />
            {label} <strong>{formatBytes(bytes)}</strong>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
