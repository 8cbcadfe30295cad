/** The cases that improved or regressed, and one of them with what both policies wrote. */
import { useCallback, useMemo } from 'react';
import { useLocation } from 'wouter';
import type { EvaluatedCase, EvaluationComparison, EvaluationSummary } from '../../../protocol';
import { preview } from '../../store/completion';
import { evaluatedCases } from '../../store/evaluations';
import { formatCount, formatNumber } from '../../store/format';
import type { CaseRow } from '../../store/results';
import { useKeys } from '../keys';
import { Button } from '../kit/Button';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { Segmented } from '../kit/Segmented';
import { Verbatim } from '../kit/Verbatim';
import { type Column, VirtualTable } from '../kit/VirtualTable';
import { useQuery } from '../query';
import { CaseText } from '../rollouts/CaseText';
import { CompletionText } from '../rollouts/CompletionText';
import type { Pointing } from '../rollouts/MarkedText';
import { ErrorText } from '../shell/ErrorPanel';
import { AnswerMarks } from './AnswerMarks';
import cases from './Cases.module.css';
import css from './ChangedCases.module.css';
import { comparePath } from './links';
import { SampleHeading } from './SampleHeading';
import { useCase, useCaseRows } from './useCases';

/** The query key that says which changes are listed, and its value when it is absent. */
export const CHANGES = ['changes', 'improved'] as const;

/** Nothing is pointed at: two completions are compared as they are. */
const NOWHERE: Pointing = { entries: [], active: null, onHover: () => {}, onSelect: () => {} };

/** Where the list is on the page. */
export const CHANGED_CASES = 'changed-cases';

type Change = 'improved' | 'regressed';

interface Pair {
  readonly before: CaseRow;
  readonly after: CaseRow;
}

interface ChangedCasesProps {
  readonly comparison: EvaluationComparison;
  readonly first: EvaluationSummary;
  readonly second: EvaluationSummary;
  /** Id of the case to show; null: none. */
  readonly openId: string | null;
}

const columns: readonly Column<Pair>[] = [
  { key: 'id', label: 'Case', width: '80px', cell: ({ after }) => <Verbatim text={preview(after.id, 24)} /> },
  {
    key: 'gold',
    label: 'Gold',
    width: '50px',
    cell: ({ after }) => <Verbatim text={preview(after.gold ?? '–', 12)} />,
  },
  { key: 'before', label: 'Baseline', width: '130px', cell: ({ before }) => <AnswerMarks row={before} /> },
  { key: 'after', label: 'Now', width: '130px', cell: ({ after }) => <AnswerMarks row={after} /> },
  {
    key: 'reward',
    label: 'Reward',
    width: '112px',
    end: true,
    cell: ({ before, after }) => `${formatNumber(before.reward)} → ${formatNumber(after.reward)}`,
  },
  {
    key: 'question',
    label: 'Question',
    width: 'minmax(120px, 1fr)',
    cell: ({ after }) => <Verbatim text={after.question} />,
  },
];

export function ChangedCases({ comparison, first, second, openId }: ChangedCasesProps) {
  const [, navigate] = useLocation();
  const [changeText, setChange] = useQuery(...CHANGES);
  const change: Change = changeText === 'regressed' ? 'regressed' : 'improved';
  const { improved, regressed } = comparison.mcnemar;
  const before = useRowsOf(first, comparison.first.dataset);
  const after = useRowsOf(second, comparison.second.dataset);
  const pairs = useMemo(() => {
    const earlier = new Map(before.rows.map((row) => [row.id, row]));
    const later = new Map(after.rows.map((row) => [row.id, row]));
    return (change === 'improved' ? improved : regressed).flatMap((id): Pair[] => {
      const pair = { before: earlier.get(id), after: later.get(id) };
      return pair.before && pair.after ? [{ before: pair.before, after: pair.after }] : [];
    });
  }, [before.rows, after.rows, change, improved, regressed]);
  const selected = pairs.findIndex(({ after: { id } }) => id === openId);
  const open = pairs[selected] ?? null;
  const show = useCallback(
    (id: string | null) =>
      navigate(comparePath(comparison.first, comparison.second, id ?? undefined), { replace: true }),
    [navigate, comparison],
  );
  const move = (by: 1 | -1) => {
    const pair = pairs[selected < 0 && by < 0 ? pairs.length - 1 : selected + by];
    if (pair) show(pair.after.id);
  };
  useKeys({
    next: () => move(1),
    previous: () => move(-1),
    close: openId === null ? undefined : () => show(null),
  });
  const error = before.error ?? after.error;
  const expected = (change === 'improved' ? improved : regressed).length;
  return (
    <div id={CHANGED_CASES} className={css.cases}>
      <Panel title="Changed cases" flush className={css.list}>
        <div className={cases.filters}>
          <Segmented<Change>
            label="Changed cases"
            value={change}
            choices={[
              { value: 'improved', label: `improved ${formatCount(improved.length)}` },
              { value: 'regressed', label: `regressed ${formatCount(regressed.length)}` },
            ]}
            onChange={setChange}
          />
        </div>
        {error && (
          <div className={cases.error}>
            <ErrorText record={error} />
          </div>
        )}
        {pairs.length > 0 ? (
          <VirtualTable
            label={`${change} cases`}
            columns={columns}
            count={pairs.length}
            row={(index) => pairs[index]}
            selected={selected < 0 ? null : selected}
            selectedKey={openId ?? undefined}
            onSelect={(index) => show(pairs[index]!.after.id)}
          />
        ) : (
          <EmptyState icon="check" title={expected === 0 ? `No case ${change}` : 'Reading the cases…'}>
            {expected === 0
              ? 'The majority answer of no shared case changed in this direction.'
              : `${formatCount(expected)} cases are looked up.`}
          </EmptyState>
        )}
      </Panel>
      {open && (
        <SideBySide
          pair={open}
          first={first}
          second={second}
          comparison={comparison}
          onClose={() => show(null)}
        />
      )}
    </div>
  );
}

const useRowsOf = (evaluation: EvaluationSummary, dataset: number) =>
  useCaseRows({ id: evaluation.id, dataset }, evaluatedCases(evaluation, dataset), evaluation.samples);

interface SideBySideProps extends Omit<ChangedCasesProps, 'openId'> {
  readonly pair: Pair;
  readonly onClose: () => void;
}

function SideBySide({ pair, first, second, comparison, onClose }: SideBySideProps) {
  const before = useCase(comparison.first, pair.before.index);
  const after = useCase(comparison.second, pair.after.index);
  return (
    <Panel
      title={`Case ${preview(pair.after.id, 24)}`}
      actions={<Button label="Close" bare tone="quiet" icon="close" shortcut="close" onClick={onClose} />}
    >
      {before && after ? (
        <div className={css.body}>
          <CaseText scoredCase={after.case} said={null} pointing={NOWHERE} />
          <div className={css.sides}>
            <Side title="Baseline" evaluated={before} evaluation={first} />
            <Side title="Against it" evaluated={after} evaluation={second} />
          </div>
        </div>
      ) : (
        <p>Reading the case…</p>
      )}
    </Panel>
  );
}

interface SideProps {
  readonly title: string;
  readonly evaluated: EvaluatedCase;
  readonly evaluation: EvaluationSummary;
}

function Side({ title, evaluated, evaluation }: SideProps) {
  return (
    <section className={css.side} aria-label={title}>
      <h3>
        {title}: <bdi>{evaluation.name}</bdi>
      </h3>
      {evaluated.samples.map((sample, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a sample is known by its position
        <div key={index} className={css.sample}>
          <SampleHeading sample={sample} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
          <pre className={css.text} tabIndex={0}>
            <CompletionText
              completion={sample.completion}
              insideReasoning={evaluation.config.prompt.addOpeningTag}
              pointing={NOWHERE}
            />
          </pre>
          <p className={css.reward}>reward {formatNumber(sample.reward)}</p>
        </div>
      ))}
    </section>
  );
}
