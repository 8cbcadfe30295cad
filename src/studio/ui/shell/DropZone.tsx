/** The whole window takes files: a drop anywhere, or a paste outside a text field. */
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { filesOfPaste, filesOfTransfer } from '../../store/entries';
import { useSession } from '../context';
import { Icon } from '../kit/Icon';
import css from './DropZone.module.css';

const ACCEPTED = [
  { icon: 'data', title: 'Dataset', text: 'JSONL, one question per line' },
  { icon: 'folder', title: 'Model folder', text: 'config.json, tokenizer.json, *.safetensors' },
  { icon: 'checkpoints', title: 'Checkpoint', text: '.zip exported here' },
  { icon: 'file', title: 'Run configuration', text: '.json, fills in the settings' },
] as const;

export function DropZone({ children }: { readonly children: ReactNode }) {
  const session = useSession();
  const [over, setOver] = useState(false);
  const depth = useRef(0);

  useEffect(() => {
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onEnter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth.current++;
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setOver(false);
    };
    const onOver = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      if (!event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      depth.current = 0;
      setOver(false);
      filesOfTransfer(event.dataTransfer).then(
        (files) => session.take(files),
        (thrown: unknown) => session.voice.fail(thrown),
      );
    };
    const onPaste = (event: ClipboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea');
      if (!event.clipboardData || typing) return;
      const files = filesOfPaste(event.clipboardData);
      if (files.length > 0) void session.take(files);
    };
    window.addEventListener('dragenter', onEnter);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('dragover', onOver);
    window.addEventListener('drop', onDrop);
    window.addEventListener('paste', onPaste);
    return () => {
      window.removeEventListener('dragenter', onEnter);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('drop', onDrop);
      window.removeEventListener('paste', onPaste);
    };
  }, [session]);

  return (
    <>
      {children}
      {over && (
        <div className={css.veil}>
          <div className={css.card}>
            <p className={css.title}>Drop to open. It stays on this machine.</p>
            <ul className={css.kinds}>
              {ACCEPTED.map(({ icon, title, text }) => (
                <li key={title} className={css.kind}>
                  <Icon name={icon} size={24} />
                  <strong>{title}</strong>
                  <span>{text}</span>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </>
  );
}
