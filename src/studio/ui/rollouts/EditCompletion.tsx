/** The completion as a text to change: scored while it is written, never part of the run. */
import { useId } from 'react';
import { formatCount } from '../../store/format';
import { useSession } from '../context';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import css from './EditCompletion.module.css';
import type { Draft } from './useDrafts';

interface EditCompletionProps {
  readonly draft: Draft;
  /** The text that was scored last; null: none yet. */
  readonly settled: string | null;
  /** The length that integrity is told, in proportion to the original's tokens. */
  readonly tokens: number;
  readonly onDone: () => void;
}

export function EditCompletion({ draft, settled, tokens, onDone }: EditCompletionProps) {
  const { voice } = useSession();
  const id = useId();
  const copy = () =>
    voice.try(async () => {
      await navigator.clipboard.writeText(draft.text);
      voice.notify('The edited text is on the clipboard.');
    });
  return (
    <>
      <div className={css.bar}>
        <Chip tone="warn">edited, not part of the run</Chip>
        <span className={css.tokens}>about {formatCount(tokens)} tokens</span>
        <span className={css.actions}>
          <Button label="Undo" icon="undo" bare tone="quiet" disabled={!draft.undo} onClick={draft.undo} />
          <Button label="Reset" tone="quiet" disabled={!draft.reset} onClick={draft.reset} />
          <Button label="Copy text" tone="quiet" onClick={() => void copy()} />
          <Button label="Done" shortcut="edit" onClick={onDone} />
        </span>
      </div>
      <label htmlFor={id} className={css.label}>
        Completion, edited
      </label>
      <textarea
        id={id}
        className={css.text}
        value={draft.text}
        spellCheck={false}
        onChange={(event) => draft.write(event.target.value, draft.text === settled)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <p className={css.label}>As scored</p>
    </>
  );
}
