/** Two results on the same cases (S7): paired differences with intervals, McNemar's table, the cases behind it. */
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import {
  type ErrorRecord,
  type EvaluationComparison,
  type EvaluationSummary,
  type ResultReference,
  toErrorRecord,
} from '../../../protocol';
import { formatCount, formatTime } from '../../store/format';
import { decodingText } from '../../store/results';
import { useSession } from '../context';
import { useKeys } from '../keys';
import { Button } from '../kit/Button';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { ErrorText } from '../shell/ErrorPanel';
import { ChangedCases } from './ChangedCases';
import css from './Compare.module.css';
import { Differences } from './Differences';
import { comparePath } from './links';
import { McNemar } from './McNemar';
import { Terms } from './Terms';
import { useEvaluations } from './useEvaluations';

interface CompareProps {
  readonly first?: string | undefined;
  readonly firstDataset?: string | undefined;
  readonly second?: string | undefined;
  readonly secondDataset?: string | undefined;
  readonly caseId?: string | undefined;
}

/** A result that can be compared, and how it is listed. */
interface Listed extends ResultReference {
  readonly datasetId: string;
  readonly evaluation: EvaluationSummary;
  readonly label: string;
}

export function Compare({ first, firstDataset, second, secondDataset, caseId }: CompareProps) {
  const [, navigate] = useLocation();
  const listed = resultsOf(useEvaluations() ?? []);
  const find = (id: string | undefined, dataset: string | undefined) =>
    listed.find((each) => each.id === id && String(each.dataset) === dataset);
  const a = find(first, firstDataset) ?? null;
  const b = find(second, secondDataset) ?? null;
  // With a case open, Escape closes that first.
  useKeys({ close: caseId === undefined ? () => navigate('/evaluate') : undefined });
  /** What is missing is filled in with another result on the same dataset, the newest. */
  const partner = (of: Listed) =>
    listed.find((each) => each.datasetId === of.datasetId && each.id !== of.id) ?? null;
  const show = (from: Listed | null, to: Listed | null) => {
    const baseline = from ?? (to && partner(to));
    const other = to ?? (from && partner(from));
    navigate(comparePath(baseline, other), { replace: true });
  };
  const { comparison, error } = useComparison(a, b);
  return (
    <div className={css.screen}>
      <section className={css.header} aria-label="Comparison">
        <div className={css.title}>
          <Link href="/evaluate" className={css.back}>
            ← Evaluations
          </Link>
          <h1>Compare</h1>
        </div>
        <div className={css.pick}>
          <PickResult label="Baseline" listed={listed} value={a} onChange={(to) => show(to, b)} />
          <Button label="Swap" icon="restart" disabled={!a || !b} onClick={() => show(b, a)} />
          <PickResult label="Against it" listed={listed} value={b} onChange={(to) => show(a, to)} />
        </div>
      </section>
      {error && (
        <div className={css.error}>
          <ErrorText record={error} />
        </div>
      )}
      {a && b && comparison ? (
        <>
          <Terms first={a.evaluation} second={b.evaluation} />
          <div className={css.results}>
            <Differences comparison={comparison} config={b.evaluation.config} />
            <McNemar comparison={comparison} />
          </div>
          <ChangedCases
            comparison={comparison}
            first={a.evaluation}
            second={b.evaluation}
            openId={caseId ?? null}
          />
        </>
      ) : (
        !error && <Waiting results={listed.length} chosen={a !== null && b !== null} />
      )}
    </div>
  );
}

function Waiting({ results, chosen }: { readonly results: number; readonly chosen: boolean }) {
  return (
    <Panel title="Differences">
      {chosen ? (
        <p>Comparing case by case…</p>
      ) : (
        <EmptyState icon="evaluate" title={results < 2 ? 'Two results are needed' : 'Choose two results'}>
          {results < 2
            ? 'Evaluate the base and a checkpoint on the same dataset; then their answers can be compared case by case.'
            : 'On the same dataset: cases are matched by line, id and question, and every difference is paired.'}
        </EmptyState>
      )}
    </Panel>
  );
}

const resultsOf = (list: readonly EvaluationSummary[]): readonly Listed[] =>
  list.flatMap((evaluation) => {
    const { id, name, createdAt } = evaluation;
    const facts = [decodingText(evaluation), formatTime(createdAt)].join(', ');
    return evaluation.results.map(({ datasetId, datasetName, part, cases }, dataset) => {
      const where = part === 'all' ? datasetName : `${datasetName} · ${part}`;
      return {
        id,
        dataset,
        datasetId,
        evaluation,
        label: `${name} on ${where} (${formatCount(cases)}; ${facts})`,
      };
    });
  });

interface PickResultProps {
  readonly label: string;
  readonly listed: readonly Listed[];
  readonly value: Listed | null;
  readonly onChange: (to: Listed) => void;
}

function PickResult({ label, listed, value, onChange }: PickResultProps) {
  return (
    <label className={css.field}>
      {label}
      <select
        value={value ? listed.indexOf(value) : ''}
        onChange={(event) => {
          const chosen = listed[Number(event.target.value)];
          if (chosen) onChange(chosen);
        }}
      >
        {!value && <option value="">choose…</option>}
        {listed.map(({ id, dataset, label: name }, index) => (
          <option key={`${id}/${dataset}`} value={index}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

interface Compared {
  readonly comparison: EvaluationComparison | null;
  readonly error: ErrorRecord | null;
}

const NOTHING: Compared = { comparison: null, error: null };

function useComparison(first: ResultReference | null, second: ResultReference | null): Compared {
  const session = useSession();
  const key = comparePath(first, second);
  const [made, setMade] = useState({ key, ...NOTHING });
  const [id, dataset, otherId, otherDataset] = [first?.id, first?.dataset, second?.id, second?.dataset];
  useEffect(() => {
    if (id === undefined || dataset === undefined || otherId === undefined || otherDataset === undefined)
      return;
    let wanted = true;
    session.evaluator.compare({ id, dataset }, { id: otherId, dataset: otherDataset }).then(
      (comparison) => {
        if (wanted) setMade({ key, comparison, error: null });
      },
      (thrown: unknown) => {
        if (wanted) setMade({ key, comparison: null, error: toErrorRecord(thrown) });
      },
    );
    return () => {
      wanted = false;
    };
  }, [session, key, id, dataset, otherId, otherDataset]);
  return made.key === key ? made : NOTHING;
}
