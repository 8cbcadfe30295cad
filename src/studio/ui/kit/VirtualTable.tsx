/**
 * A table of any length with rows of one height: only what is on screen is in the document. One
 * tab stop; arrows, j/k, Page and Home/End move the selection, which is announced.
 */
// biome-ignore-all lint/a11y/useSemanticElements: a <table> cannot hold only the rows on screen
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid holds the focus and names its active row
import { useVirtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useId, useRef } from 'react';
import { useIsPainted } from '../context';
import { cx } from './cx';
import css from './VirtualTable.module.css';

/** Pixels; the convention for streaming tables. */
export const ROW_HEIGHT = 36;
/** Within this distance of the top the newest rows are followed. */
export const FOLLOW_DISTANCE = 30;

export interface Column<R> {
  readonly key: string;
  readonly label: string;
  /** A CSS grid track. */
  readonly width: string;
  readonly end?: boolean;
  readonly cell: (row: R) => ReactNode;
}

interface VirtualTableProps<R> {
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly count: number;
  /** undefined: not here yet. */
  readonly row: (index: number) => R | undefined;
  /** A row that is a heading over the following ones; it cannot be selected. */
  readonly heading?: (row: R) => ReactNode | null;
  readonly selected: number | null;
  /** Names the selected row: when it changes, and not when rows only move, the row is scrolled to. */
  readonly selectedKey?: string | number | undefined;
  readonly onSelect: (index: number) => void;
  /** First and last row on screen, whenever they change. */
  readonly onRange?: (first: number, last: number) => void;
  readonly onScrollTop?: (top: number) => void;
  /** A new value scrolls to the first row. */
  readonly topSignal?: number;
}

export function VirtualTable<R>(props: VirtualTableProps<R>) {
  const { label, columns, count, row, heading, selected, selectedKey } = props;
  const { onSelect, onRange, onScrollTop, topSignal = 0 } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  /** Rows follow the painted table: how many fit is then known without laying the page out for it. */
  const isPainted = useIsPainted();
  const virtualizer = useVirtualizer({
    enabled: isPainted,
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    scrollMargin: ROW_HEIGHT, // the heading row
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const isDrawn = items.some(({ index }) => index === selected);
  useEffect(() => onRange?.(first, last), [onRange, first, last]);

  const target = useRef(selected);
  target.current = selected;
  useEffect(() => {
    if (!isPainted || selectedKey === undefined || target.current === null) return;
    // With the next frame, whose layout it needs: sooner would lay the page out twice.
    const frame = requestAnimationFrame(() => virtualizer.scrollToIndex(target.current ?? 0));
    return () => cancelAnimationFrame(frame);
  }, [virtualizer, selectedKey, isPainted]);

  useEffect(() => {
    if (topSignal > 0) scroller.current?.scrollTo({ top: 0 });
  }, [topSignal]);

  const isHeading = (index: number) => {
    const value = row(index);
    return value !== undefined && heading !== undefined && heading(value) !== null;
  };
  /** The next row that can be selected from `index` on, in direction ±1. */
  const select = (index: number, direction: number) => {
    let at = Math.min(count - 1, Math.max(0, index));
    while (at >= 0 && at < count && isHeading(at)) at += direction;
    if (at < 0 || at >= count) return;
    onSelect(at);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = selected ?? -1;
    const page = Math.max(1, last - first - 16);
    switch (event.key) {
      case 'ArrowDown':
      case 'j':
        select(at + 1, 1);
        break;
      case 'ArrowUp':
      case 'k':
        select(at - 1, -1);
        break;
      case 'PageDown':
        select(at + page, 1);
        break;
      case 'PageUp':
        select(at - page, -1);
        break;
      case 'Home':
        select(0, 1);
        break;
      case 'End':
        select(count - 1, -1);
        break;
      default:
        return;
    }
    event.preventDefault();
  };

  const tracks = { '--tracks': columns.map(({ width }) => width).join(' ') } as CSSProperties;
  return (
    <div
      ref={scroller}
      className={css.scroller}
      style={tracks}
      role="grid"
      tabIndex={0}
      aria-label={label}
      aria-rowcount={count + 1}
      aria-colcount={columns.length}
      aria-activedescendant={isDrawn ? `${id}-${selected}` : undefined}
      onKeyDown={onKeyDown}
      onScroll={(event) => onScrollTop?.(event.currentTarget.scrollTop)}
    >
      <div role="row" aria-rowindex={1} className={cx(css.row, css.head)}>
        {columns.map((column) => (
          <span
            key={column.key}
            role="columnheader"
            title={column.label}
            className={cx(css.cell, column.end && css.end)}
          >
            {column.label}
          </span>
        ))}
      </div>
      <div role="presentation" className={css.rows} style={{ height: virtualizer.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const value = row(index);
          const title = value !== undefined && heading ? heading(value) : null;
          const isRow = title === null;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys
            <div
              key={index}
              id={`${id}-${index}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={isRow ? index === selected : undefined}
              className={cx(css.row, isRow ? css.body : css.heading, index === selected && css.selected)}
              style={{ transform: `translateY(${start - ROW_HEIGHT}px)` }}
              onClick={isRow ? () => onSelect(index) : undefined}
            >
              {isRow ? (
                columns.map((column) => (
                  <span key={column.key} role="gridcell" className={cx(css.cell, column.end && css.end)}>
                    {value === undefined ? '…' : column.cell(value)}
                  </span>
                ))
              ) : (
                <span role="gridcell" aria-colspan={columns.length} className={css.headingCell}>
                  {title}
                </span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
