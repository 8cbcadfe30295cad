/** Edited completions, by rollout: they last as long as the inspector is open, and go nowhere else. */
import { useState } from 'react';

/** Earlier texts kept for undo, the newest last. */
const UNDO_LIMIT = 100;

interface Edited {
  readonly text: string;
  readonly past: readonly string[];
}

export interface Draft {
  readonly text: string;
  /** `settled`: the text was looked at, so that undo comes back to it; else it was typed on. */
  readonly write: (text: string, settled: boolean) => void;
  /** Back to the text before; undefined: there is none. */
  readonly undo: (() => void) | undefined;
  /** Back to the original, which can be undone; undefined: nothing was changed. */
  readonly reset: (() => void) | undefined;
}

export function useDrafts(): (id: string, original: string) => Draft {
  const [drafts, setDrafts] = useState<ReadonlyMap<string, Edited>>(new Map());
  return (id, original) => {
    const { text, past } = drafts.get(id) ?? { text: original, past: [] };
    const put = (edited: Edited) => setDrafts(new Map(drafts).set(id, edited));
    const leave = (next: string) => put({ text: next, past: [...past, text].slice(-UNDO_LIMIT) });
    return {
      text,
      write: (next, settled) => (settled || past.length === 0 ? leave(next) : put({ text: next, past })),
      undo: past.length > 0 ? () => put({ text: past.at(-1)!, past: past.slice(0, -1) }) : undefined,
      reset: text !== original ? () => leave(original) : undefined,
    };
  };
}
