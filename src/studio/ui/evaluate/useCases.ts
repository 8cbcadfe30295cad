/** Cases of a result: all in short, read page by page; one whole when it is opened. */
import { useEffect, useState } from 'react';
import { type ErrorRecord, type EvaluatedCase, type ResultReference, toErrorRecord } from '../../../protocol';
import { type CaseRow, caseRow } from '../../store/results';
import { useSession } from '../context';

/** Completions per request: some hundred kilobytes of text, gone again once the rows are made. */
const COMPLETIONS = 400;

export interface CaseRows {
  readonly rows: readonly CaseRow[];
  readonly error: ErrorRecord | null;
}

const NOTHING: CaseRows = { rows: [], error: null };

/** The first `evaluated` cases; more are read as more are evaluated. A new result starts anew. */
export function useCaseRows(result: ResultReference, evaluated: number, samples: number): CaseRows {
  const session = useSession();
  const { id, dataset } = result;
  const key = `${id}/${dataset}`;
  const [read, setRead] = useState({ key, ...NOTHING });
  const { rows, error } = read.key === key ? read : NOTHING;
  const from = rows.length;
  useEffect(() => {
    if (from >= evaluated || error) return;
    let wanted = true;
    const to = Math.min(evaluated, from + Math.max(1, Math.floor(COMPLETIONS / samples)));
    session.evaluator.cases({ id, dataset }, from, to).then(
      (cases) => {
        if (!wanted || cases.length === 0) return; // not stored yet: with the next batch
        const fresh = cases.map(caseRow);
        setRead((was) => {
          const before = was.key === key ? was.rows.slice(0, from) : [];
          return { key, rows: [...before, ...fresh], error: null };
        });
      },
      (thrown: unknown) => {
        if (wanted)
          setRead((was) => ({ key, rows: was.key === key ? was.rows : [], error: toErrorRecord(thrown) }));
      },
    );
    return () => {
      wanted = false;
    };
  }, [session, id, dataset, key, from, evaluated, samples, error]);
  return { rows, error };
}

/** The case at `index`; null: on its way, or none is asked for. */
export function useCase(result: ResultReference, index: number | null): EvaluatedCase | null {
  const session = useSession();
  const { id, dataset } = result;
  const key = `${id}/${dataset}/${index}`;
  const [read, setRead] = useState<{ readonly key: string; readonly value: EvaluatedCase | null }>({
    key,
    value: null,
  });
  useEffect(() => {
    if (index === null) return;
    let wanted = true;
    session.evaluator.cases({ id, dataset }, index, index + 1).then(
      ([value]) => {
        if (wanted && value) setRead({ key, value });
      },
      (thrown: unknown) => session.voice.fail(thrown),
    );
    return () => {
      wanted = false;
    };
  }, [session, id, dataset, index, key]);
  return read.key === key ? read.value : null;
}
