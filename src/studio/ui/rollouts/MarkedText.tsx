/**
 * Text with the evidence's places drawn on it. Each mark says what it is by its underline and its
 * number, not by its colour alone; the number is drawn by the style sheet, so that copied text has none.
 */
import { memo, type RefObject, useEffect, useMemo } from 'react';
import { type EvidenceEntry, kindText, type Mark, type Segment, segments } from '../../store/evidence';
import { cx } from '../kit/cx';
import { Verbatim } from '../kit/Verbatim';
import css from './MarkedText.module.css';

/** The entries of the evidence, which of them is pointed at, and how a mark points at its own. */
export interface Pointing {
  readonly entries: readonly EvidenceEntry[];
  /** Index of the entry that stands out now. */
  readonly active: number | null;
  /** `seek`: and the texts scroll to it. */
  readonly onHover: (entry: number | null, seek?: boolean) => void;
  readonly onSelect: (entry: number | null) => void;
}

interface MarkedTextProps {
  readonly text: string;
  /** Where `text` starts in what the marks count in. */
  readonly from?: number;
  readonly marks: readonly Mark[];
  readonly pointing: Pointing;
}

export const MarkedText = memo(({ text, from = 0, marks, pointing }: MarkedTextProps) => {
  const cut = useMemo(() => segments(from, from + text.length, marks), [text, from, marks]);
  return cut.map((segment) => {
    const part = text.slice(segment.start - from, segment.end - from);
    if (segment.marks.length === 0) return <Verbatim key={segment.start} text={part} />;
    return <Marked key={segment.start} segment={segment} text={part} pointing={pointing} />;
  });
});

interface MarkedProps {
  readonly segment: Segment;
  readonly text: string;
  readonly pointing: Pointing;
}

function Marked({ segment: { start, marks }, text, pointing }: MarkedProps) {
  const { entries, active, onHover, onSelect } = pointing;
  const at = marks.findIndex(({ entry }) => entry === active);
  // What speaks against the response is not hidden by what lies over it.
  const top = marks[at] ?? marks.find(({ tone }) => tone === 'against') ?? marks[0]!;
  const starting = marks.filter((mark) => Math.max(0, mark.start) === start);
  const title = marks.map(({ entry }) => describe(entries, entry)).join('\n');
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list of the evidence has the keys
    <mark
      className={cx(css.mark, css[top.tone], marks.length > 1 && css.several, at >= 0 && css.active)}
      data-entries={marks.map(({ entry }) => entry).join(' ')}
      data-number={starting.length > 0 ? starting.map(({ entry }) => entry + 1).join('·') : undefined}
      title={title}
      onPointerEnter={() => onHover(top.entry)}
      onPointerLeave={() => onHover(null)}
      // A further click goes on to what lies beneath.
      onClick={() => onSelect(marks[(at + 1) % marks.length]!.entry)}
    >
      <Verbatim text={text} />
    </mark>
  );
}

function describe(entries: readonly EvidenceEntry[], index: number): string {
  const entry = entries[index];
  return entry ? `${index + 1} ${kindText(entry.kind)}: ${entry.label}` : '';
}

/** Room that is kept around what is scrolled to. */
const MARGIN = 24;

/** Keeps the first mark of `entry` in sight inside `container`, which alone is scrolled. */
export function useMarkInSight(container: RefObject<HTMLElement | null>, entry: number | null): void {
  useEffect(() => {
    const box = container.current;
    const mark = entry === null ? null : box?.querySelector(`[data-entries~="${entry}"]`);
    if (box && mark) box.scrollTop += distance(box.getBoundingClientRect(), mark.getBoundingClientRect());
  }, [container, entry]);
}

/** How far `box` must scroll until `inside` is seen in it; 0 if it is. */
export function distance(box: DOMRect, inside: DOMRect): number {
  if (inside.top < box.top) return inside.top - box.top - MARGIN;
  if (inside.bottom > box.bottom) return Math.min(inside.bottom - box.bottom + MARGIN, inside.top - box.top);
  return 0;
}
