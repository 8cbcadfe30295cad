/** The evaluated cases in a table, narrowed to what went wrong; and one of them opened. */
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { EvaluationSummary } from '../../../protocol';
import { preview } from '../../store/completion';
import { evaluatedCases } from '../../store/evaluations';
import { formatCount, formatNumber } from '../../store/format';
import { CASE_FILTERS, type CaseFilter, type CaseRow } from '../../store/results';
import { useKeys } from '../keys';
import { cx } from '../kit/cx';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { SearchField } from '../kit/SearchField';
import { Segmented } from '../kit/Segmented';
import { Verbatim } from '../kit/Verbatim';
import { type Column, VirtualTable } from '../kit/VirtualTable';
import { useQuery } from '../query';
import { ErrorText } from '../shell/ErrorPanel';
import { AnswerMarks } from './AnswerMarks';
import css from './Cases.module.css';
import { CaseView } from './CaseView';
import { resultPath } from './links';
import { useCase, useCaseRows } from './useCases';

interface CasesProps {
  readonly evaluation: EvaluationSummary;
  /** Index into its datasets. */
  readonly dataset: number;
  /** Index of the case to show; null: none. */
  readonly open: number | null;
}

export function Cases({ evaluation, dataset, open }: CasesProps) {
  const [, navigate] = useLocation();
  const { id, samples } = evaluation;
  const evaluated = evaluatedCases(evaluation, dataset);
  const { rows, error } = useCaseRows({ id, dataset }, evaluated, samples);
  const [filterText, setFilter] = useQuery('cases', 'all');
  const [text, setText] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const needle = useDeferredValue(text.trim().toLowerCase());
  const filters = filtersFor(samples);
  const filter = filters.find((name) => name === filterText) ?? 'all';

  const shown = useMemo(
    () =>
      rows.filter(
        (row) =>
          CASE_FILTERS[filter].keeps(row) &&
          (needle === '' ||
            row.id.toLowerCase().includes(needle) ||
            row.question.toLowerCase().includes(needle)),
      ),
    [rows, filter, needle],
  );
  const compact = open !== null;
  const columns = useMemo(() => columnsFor(samples > 1, compact), [samples, compact]);
  const selected = shown.findIndex(({ index }) => index === open);
  const show = useCallback(
    (index: number | null) => navigate(resultPath({ id, dataset }, index ?? undefined), { replace: true }),
    [navigate, id, dataset],
  );
  const move = (by: 1 | -1) => {
    const row = shown[selected < 0 && by < 0 ? shown.length - 1 : selected + by];
    if (row) show(row.index);
  };
  useKeys({
    next: () => move(1),
    previous: () => move(-1),
    filter: () => search.current?.focus(),
    close: open === null ? undefined : () => show(null),
  });
  const opened = useCase({ id, dataset }, open);
  const reading = rows.length < evaluated && !error;
  return (
    <div className={cx(css.cases, open !== null && css.split)}>
      <Panel
        title="Cases"
        flush
        className={css.list}
        note={
          reading
            ? `reading ${formatCount(rows.length)} of ${formatCount(evaluated)}…`
            : `${formatCount(shown.length)} of ${formatCount(rows.length)}`
        }
      >
        <div className={css.filters}>
          <Segmented<CaseFilter>
            label="Cases"
            value={filter}
            choices={filters.map((name) => ({ value: name, label: filterLabel(name, rows) }))}
            onChange={setFilter}
          />
          <SearchField field={search} value={text} placeholder="case or question" onChange={setText} />
        </div>
        {error && (
          <div className={css.error}>
            <ErrorText record={error} />
          </div>
        )}
        {shown.length === 0 ? (
          <NoCases reading={reading} read={rows.length} />
        ) : (
          <VirtualTable
            label="Evaluated cases"
            columns={columns}
            count={shown.length}
            row={(index) => shown[index]}
            selected={selected < 0 ? null : selected}
            selectedKey={open === null ? undefined : `${id}/${dataset}/${open}`}
            onSelect={(index) => show(shown[index]!.index)}
          />
        )}
      </Panel>
      {open !== null && (
        <CaseView
          key={`${id}/${dataset}/${open}`}
          evaluated={opened}
          config={evaluation.config}
          onClose={() => show(null)}
        />
      )}
    </div>
  );
}

function NoCases({ reading, read }: { readonly reading: boolean; readonly read: number }) {
  if (read > 0 && !reading)
    return (
      <EmptyState icon="search" title="No case matches">
        {formatCount(read)} cases are here; choose another filter to see them.
      </EmptyState>
    );
  return (
    <EmptyState icon="evaluate" title={reading ? 'Reading the cases…' : 'No case yet'}>
      Each case appears here with its answers as soon as its batch is evaluated.
    </EmptyState>
  );
}

/** Completions can only disagree where there are several. */
const filtersFor = (samples: number): readonly CaseFilter[] =>
  (Object.keys(CASE_FILTERS) as CaseFilter[]).filter((name) => samples > 1 || name !== 'disagreeing');

const filterLabel = (name: CaseFilter, rows: readonly CaseRow[]): string =>
  `${CASE_FILTERS[name].label} ${formatCount(rows.filter(CASE_FILTERS[name].keeps).length)}`;

/** Beside an open case there is no room for what several samples need and the question too. */
function columnsFor(several: boolean, compact: boolean): readonly Column<CaseRow>[] {
  const gold: Column<CaseRow> = {
    key: 'gold',
    label: 'Gold',
    width: several ? '52px' : '46px',
    cell: (row) => <Verbatim text={preview(row.gold ?? '–', 12)} />,
  };
  const question: Column<CaseRow> = {
    key: 'question',
    label: 'Question',
    width: 'minmax(120px, 1fr)',
    cell: (row) => <Verbatim text={row.question} />,
  };
  return [
    { key: 'id', label: 'Case', width: '76px', cell: (row) => <Verbatim text={preview(row.id, 24)} /> },
    gold,
    {
      key: 'answers',
      label: several ? 'Answers' : 'Answer',
      width: several ? '140px' : '72px',
      cell: (row) => <AnswerMarks row={row} />,
    },
    ...(several
      ? [
          {
            key: 'correct',
            label: 'Right',
            width: '58px',
            end: true,
            cell: ({ correct, samples }: CaseRow) => `${correct}/${samples}`,
          },
        ]
      : []),
    {
      key: 'reward',
      label: 'Reward',
      width: '66px',
      end: true,
      cell: ({ reward }) => formatNumber(reward),
    },
    {
      key: 'tokens',
      label: 'Tokens',
      width: '70px',
      end: true,
      cell: ({ tokens, truncated }) => (
        <span title={truncated > 0 ? `${truncated} cut at the token limit` : undefined}>
          {formatNumber(tokens)}
          {truncated > 0 && ' ✂'}
        </span>
      ),
    },
    ...(several && compact ? [] : [question]),
  ];
}
