/** What one objective found: its rule, counts and arithmetic, and every item, which points into both texts. */
import { type KeyboardEvent, type RefObject, useEffect } from 'react';
import type { Evidence, ObjectiveDescriptor } from '../../../protocol';
import { type EvidenceEntry, kindText, type Tone } from '../../store/evidence';
import { formatNumber } from '../../store/format';
import { cx } from '../kit/cx';
import { Verbatim } from '../kit/Verbatim';
import type { LineStyle } from '../train/objectiveStyle';
import css from './EvidencePanel.module.css';
import type { Pointing } from './MarkedText';

const MARKERS: Record<Tone, string> = { for: '✓', against: '⚠', missing: '○', plain: '•' };

interface EvidencePanelProps {
  readonly objective: ObjectiveDescriptor;
  readonly style: LineStyle;
  /** null: the objective does not apply; undefined: not known yet. */
  readonly evidence: Evidence | null | undefined;
  readonly pointing: Pointing;
  /** The keys reach the list through it. */
  readonly list: RefObject<HTMLDivElement | null>;
}

export function EvidencePanel({ objective, style, evidence, pointing, list }: EvidencePanelProps) {
  return (
    <section className={css.panel} aria-label="Evidence">
      <h3 className={css.heading}>
        <span style={{ color: style.color }} aria-hidden="true">
          {style.marker}
        </span>{' '}
        {objective.label}: why
      </h3>
      {evidence === undefined && <p className={css.help}>Scoring…</p>}
      {evidence === null && <p className={css.help}>It does not apply to this case.</p>}
      {evidence && <Summary evidence={evidence} />}
      {evidence?.items.length === 0 && pointing.entries.length === 0 && (
        <p className={css.help}>No item of its own: the whole text decides.</p>
      )}
      <EntryList objective={objective} pointing={pointing} list={list} />
      <p className={css.help}>{objective.help}</p>
    </section>
  );
}

function Summary({ evidence: { rule, counts, arithmetic } }: { readonly evidence: Evidence }) {
  return (
    <>
      <p className={css.arithmetic}>{arithmetic}</p>
      <dl className={css.facts}>
        <div>
          <dt>rule</dt>
          <dd>{kindText(rule)}</dd>
        </div>
        {Object.entries(counts).map(([name, count]) => (
          <div key={name}>
            <dt>{wordsOf(name)}</dt>
            <dd>{formatNumber(count)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** `citationsPer100Words` → `citations per 100 words`. */
const wordsOf = (name: string) =>
  kindText(name)
    .replace(/(?<=[a-z])(?=[A-Z0-9])|(?<=[0-9])(?=[A-Z])/g, ' ')
    .toLowerCase();

type EntryListProps = Pick<EvidencePanelProps, 'objective' | 'pointing' | 'list'>;

/**
 * A list box: one stop for Tab, arrows or j and k inside, Escape leaves it. Without entries it can
 * still have the focus, so that the same keys do the same whatever an objective found.
 */
function EntryList({ objective, pointing, list }: EntryListProps) {
  const { entries, active, onHover, onSelect } = pointing;
  useEffect(() => {
    const option = active === null ? null : list.current?.children[active];
    // Not under the pointer: what it is over must stay there.
    if (option && !list.current?.matches(':hover')) option.scrollIntoView?.({ block: 'nearest' });
  }, [active, list]);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const leaves = event.key === 'Escape';
    if (!leaves && !MOVES.includes(event.key)) return;
    event.preventDefault();
    if (leaves) event.currentTarget.blur();
    onHover(null);
    onSelect(leaves ? null : entryAfter(event.key, active, entries.length));
  };
  return (
    <div
      ref={list}
      role="listbox"
      aria-label={`Evidence of ${objective.label}`}
      aria-activedescendant={active === null ? undefined : `evidence-${active}`}
      className={css.list}
      tabIndex={entries.length > 0 ? 0 : -1}
      onKeyDown={onKeyDown}
      onFocus={() => active === null && entries.length > 0 && onSelect(0)}
    >
      {entries.map((entry, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the list box has the keys
        // biome-ignore lint/a11y/useFocusableInteractive: the list box has the focus
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: an entry is its place in the evidence
          key={index}
          id={`evidence-${index}`}
          role="option"
          aria-selected={index === active}
          className={cx(css.entry, css[entry.tone], index === active && css.active)}
          onPointerEnter={() => onHover(index, true)}
          onPointerLeave={() => onHover(null)}
          onClick={() => onSelect(index)}
        >
          <Entry entry={entry} number={index + 1} />
        </div>
      ))}
    </div>
  );
}

function Entry({ entry, number }: { readonly entry: EvidenceEntry; readonly number: number }) {
  const { kind, tone, label, value, reason, completion, source } = entry;
  const nowhere = completion === undefined && source === undefined;
  return (
    <>
      <span className={css.number}>{number}</span>
      <span className={css.kind}>{`${MARKERS[tone]}\u00a0${kindText(kind)}`}</span>
      <span className={css.label}>
        <Verbatim text={label} />
        {reason !== undefined && (
          <span className={css.reason}>
            <Verbatim text={reason} />
          </span>
        )}
        {nowhere && <span className={css.reason}>in neither text</span>}
      </span>
      {value !== null && <span className={css.value}>{formatNumber(value)}</span>}
    </>
  );
}

const MOVES: readonly string[] = ['j', 'k', 'ArrowDown', 'ArrowUp', 'Home', 'End'];

/** Where one of `MOVES` leads from `active`; null: nowhere. */
export function entryAfter(key: string, active: number | null, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case 'j':
    case 'ArrowDown':
      return active === null ? 0 : Math.min(count - 1, active + 1);
    case 'k':
    case 'ArrowUp':
      return active === null ? count - 1 : Math.max(0, active - 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
