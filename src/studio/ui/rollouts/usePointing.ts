/** Which entry of the evidence is pointed at, by pointer or keys, from the list or from the texts. */
import { useCallback, useMemo, useState } from 'react';
import type { EvidenceEntry } from '../../store/evidence';
import type { Pointing } from './MarkedText';

interface Pointed {
  /** Other evidence: nothing is pointed at. */
  readonly entries: readonly EvidenceEntry[];
  readonly selected: number | null;
  readonly hovered: number | null;
  readonly seek: boolean;
}

/** `sought`: the entry that the texts should show. */
export function usePointing(entries: readonly EvidenceEntry[]): {
  readonly pointing: Pointing;
  readonly sought: number | null;
} {
  const nothing: Pointed = { entries, selected: null, hovered: null, seek: false };
  const [last, setPointed] = useState(nothing);
  const { selected, hovered, seek } = last.entries === entries ? last : nothing;
  const change = useCallback(
    (changes: Partial<Pointed>) =>
      setPointed((before) => ({
        ...(before.entries === entries ? before : { selected: null, hovered: null, seek: false }),
        entries,
        ...changes,
      })),
    [entries],
  );
  const active = hovered ?? selected;
  const pointing = useMemo(
    () => ({
      entries,
      active,
      onHover: (entry: number | null, seekIt = false) => change({ hovered: entry, seek: seekIt }),
      onSelect: (entry: number | null) => change({ selected: entry }),
    }),
    [entries, active, change],
  );
  return { pointing, sought: hovered !== null && seek ? hovered : selected };
}
