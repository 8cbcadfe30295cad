/** What the policy wrote (S4): the newest rollouts by prompt, and one of them taken apart. */
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { RolloutRecord } from '../../../protocol';
import { formatCount } from '../../store/format';
import { ROLLOUT_LIMIT, type RolloutSort, rolloutRows } from '../../store/rollouts';
import { useSlowly, useStudio } from '../context';
import { useKeys } from '../keys';
import { cx } from '../kit/cx';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { SearchField } from '../kit/SearchField';
import { FOLLOW_DISTANCE } from '../kit/VirtualTable';
import { useQuery } from '../query';
import { Inspector } from './Inspector';
import { RolloutList } from './RolloutList';
import css from './Rollouts.module.css';

const SORTS: readonly { readonly value: RolloutSort; readonly label: string }[] = [
  { value: 'newest', label: 'newest, by prompt' },
  { value: 'reward', label: 'highest reward' },
  { value: 'advantage', label: 'highest advantage' },
  { value: 'length', label: 'longest' },
];

interface RolloutsProps {
  readonly step?: string | undefined;
  readonly group?: string | undefined;
  readonly index?: string | undefined;
}

export function Rollouts({ step, group, index }: RolloutsProps) {
  const [, navigate] = useLocation();
  const live = useLiveRollouts();
  const [filterStep, setFilterStep] = useQuery('step', '');
  const [sortText, setSort] = useQuery('sort', 'newest');
  const [text, setText] = useState('');
  const [wide, setWide] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const needle = useDeferredValue(text);
  const sort = SORTS.find(({ value }) => value === sortText)?.value ?? 'newest';
  const onlyStep = filterStep === '' ? null : Number(filterStep);

  const rows = useMemo(
    () => rolloutRows(live.shown, { step: onlyStep, text: needle, sort }),
    [live.shown, onlyStep, needle, sort],
  );
  const steps = useMemo(() => [...new Set(live.shown.map((each) => each.step))].reverse(), [live.shown]);
  const openId = step === undefined ? null : `${step}/${group}/${index}`;
  const open = useMemo(() => live.shown.find(({ id }) => id === openId) ?? null, [live.shown, openId]);
  const selected = rows.findIndex((row) => row.kind === 'rollout' && row.rollout.id === openId);

  const show = useCallback(
    (rollout: RolloutRecord | null) =>
      navigate(rollout ? `/rollouts/${rollout.id}` : '/rollouts', { replace: true }),
    [navigate],
  );
  const move = (by: 1 | -1) => {
    let at = selected < 0 && by < 0 ? rows.length : selected;
    do at += by;
    while (rows[at]?.kind === 'group');
    const row = rows[at];
    if (row?.kind === 'rollout') show(row.rollout);
  };
  useKeys({
    next: () => move(1),
    previous: () => move(-1),
    filter: () => search.current?.focus(),
    close: open ? () => (wide ? setWide(false) : show(null)) : undefined,
    focus: open ? () => setWide(!wide) : undefined,
  });

  if (live.shown.length === 0) {
    return (
      <Panel title="Rollouts" className={css.empty}>
        <h1 className={css.hidden}>Rollouts</h1>
        <EmptyState icon="rollouts" title="What the policy writes appears here">
          Each step samples a group of completions per prompt. You will see the reasoning, the answer beside
          the gold letter, what each objective gave, and how the group’s mean turns rewards into advantages.
        </EmptyState>
      </Panel>
    );
  }
  return (
    <div className={cx(css.screen, open && css.split, open && wide && css.wide)}>
      <h1 className={css.hidden}>Rollouts</h1>
      <Panel
        title="Rollouts"
        flush
        className={css.list}
        note={`newest ${formatCount(live.shown.length)}; whole steps are kept up to ${formatCount(ROLLOUT_LIMIT)}`}
      >
        <div className={css.filters}>
          <SearchField
            field={search}
            value={text}
            placeholder="case, prompt or completion"
            onChange={setText}
          />
          <select
            aria-label="Step"
            value={filterStep}
            onChange={(event) => setFilterStep(event.target.value)}
          >
            <option value="">all steps</option>
            {steps.map((each) => (
              <option key={each} value={each}>
                step {each}
              </option>
            ))}
          </select>
          <select aria-label="Order" value={sort} onChange={(event) => setSort(event.target.value)}>
            {SORTS.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          {live.waiting > 0 && (
            <button type="button" className={css.pill} onClick={live.catchUp}>
              {formatCount(live.waiting)} new rollouts ↑
            </button>
          )}
        </div>
        {rows.length === 0 ? (
          <EmptyState icon="search" title="No rollout matches">
            {formatCount(live.shown.length)} are kept; none has this text in its case, prompt or completion.
          </EmptyState>
        ) : (
          <div
            className={css.hold}
            onPointerEnter={() => live.hover(true)}
            onPointerLeave={() => live.hover(false)}
          >
            <RolloutList
              rows={rows}
              compact={open !== null}
              selected={selected < 0 ? null : selected}
              selectedId={openId ?? undefined}
              onSelect={show}
              onScrollTop={live.scroll}
              topSignal={live.caughtUp}
            />
          </div>
        )}
      </Panel>
      {open && (
        <Inspector
          rollout={open}
          rollouts={live.shown}
          wide={wide}
          onWide={() => setWide(!wide)}
          onShow={show}
        />
      )}
    </div>
  );
}

/** The newest rollouts, held still while the pointer is over them or they are scrolled. */
function useLiveRollouts() {
  const newest = useSlowly(
    useStudio((state) => state.rollouts),
    500,
  );
  const [shown, setShown] = useState(newest);
  const [hovered, setHovered] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const [caughtUp, setCaughtUp] = useState(0);
  const held = (hovered || scrolled) && shown.length > 0;
  useEffect(() => {
    if (!held) setShown(newest);
  }, [newest, held]);
  const lastShown = shown.at(-1)?.step ?? -1;
  return {
    shown,
    waiting: newest === shown ? 0 : newest.filter(({ step }) => step > lastShown).length,
    hover: setHovered,
    scroll: (top: number) => setScrolled(top > FOLLOW_DISTANCE),
    catchUp: () => {
      setShown(newest);
      setCaughtUp((times) => times + 1);
    },
    caughtUp,
  };
}
