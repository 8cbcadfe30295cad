/**
 * The keyboard map: one table that the bindings, the tooltips, `aria-keyshortcuts` and the `?`
 * sheet are all made from, so that they cannot drift. Bare keys are ignored while typing, in
 * dialogs, with modifiers and on auto-repeat.
 */
import { useEffect, useRef } from 'react';

interface Key {
  /** As `KeyboardEvent.key`; two for a sequence. */
  readonly keys: readonly [string] | readonly [string, string];
  /** In place of `keys`: a row of keys, one meaning; the handler hears which. */
  readonly any?: readonly string[];
  /** As printed on the key. */
  readonly label: string;
  readonly aria: string;
  readonly text: string;
}

const one = (key: string, text: string, label = key, aria = label): Key => ({
  keys: [key],
  label,
  aria,
  text,
});
const go = (key: string, text: string): Key => ({
  keys: ['g', key],
  label: `g ${key}`,
  aria: `g ${key}`,
  text,
});

const DIGITS: readonly string[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'];

export const KEYS = {
  sheet: one('?', 'Show the keys'),
  goHome: go('h', 'Go to Home'),
  goData: go('d', 'Go to Data'),
  goTrain: go('r', 'Go to Train (the run)'),
  goRollouts: go('o', 'Go to Rollouts'),
  goEvaluate: go('e', 'Go to Evaluate'),
  goCheckpoints: go('k', 'Go to Checkpoints'),
  toggle: one(' ', 'Pause or continue the run', 'Space'),
  singleStep: one('.', 'One more step while paused'),
  filter: one('/', 'Filter the list'),
  next: one('j', 'Next row'),
  previous: one('k', 'Previous row'),
  nextSibling: one('l', 'Next rollout of the group'),
  previousSibling: one('h', 'Previous rollout of the group'),
  objective: {
    ...one('1', 'Show the evidence of an objective; j and k, or arrows, then walk through it', '1 … 9, 0'),
    any: DIGITS,
    aria: '1 2 3 4 5 6 7 8 9 0',
  },
  edit: one('e', 'Edit the completion and score it anew; again: done'),
  focus: one('f', 'Give the inspector the whole width'),
  close: one('Escape', 'Close', 'Esc', 'Escape'),
} as const satisfies Record<string, Key>;

export type KeyName = keyof typeof KEYS;

const SEQUENCE_MS = 1200;

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.matches('input:not([type=checkbox],[type=radio],[type=range]), textarea, select'))
  );
}

/** Space and Enter belong to a focused control. */
function ownsActivation(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a, summary, input, select') !== null;
}

/** `first`: the key before, where it may begin a sequence, else empty. */
function isPressed({ keys, any }: Key, first: string, pressed: string): boolean {
  if (any) return !first && any.includes(pressed);
  return keys.length === 2 ? first === keys[0] && pressed === keys[1] : !first && pressed === keys[0];
}

/** Binds keys while the component is mounted. A handler may be undefined to leave its key alone. */
export function useKeys(
  bindings: {
    readonly [K in KeyName]?: ((key: string) => void) | undefined;
  },
): void {
  const current = useRef(bindings);
  useEffect(() => {
    current.current = bindings;
  });
  useEffect(() => {
    let prefix = '';
    let prefixAt = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
      if ((event.key === ' ' || event.key === 'Enter') && ownsActivation(event.target)) return;
      const first = event.timeStamp - prefixAt < SEQUENCE_MS ? prefix : '';
      prefix = '';
      for (const [name, key] of Object.entries<Key>(KEYS)) {
        const pressed = isPressed(key, first, event.key);
        const handler = pressed && current.current[name as KeyName];
        if (!handler) continue;
        event.preventDefault();
        handler(event.key);
        return;
      }
      if (event.key === 'g') {
        prefix = 'g';
        prefixAt = event.timeStamp;
      }
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
