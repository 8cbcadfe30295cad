/** The policy as it is now on a dataset: greedy answers, counted; earlier results stay for comparison. */
import { useState } from 'react';
import type { DatasetSummary, EvaluationRecord } from '../../../protocol';
import { formatFixed, formatNumber, formatPercent, formatSigned, wilsonInterval } from '../../store/format';
import { STARTER_HELD_OUT } from '../../store/starter';
import type { Evaluation } from '../../store/state';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { Progress } from '../kit/Progress';
import css from './Evaluate.module.css';

/** Stands for the starter's held-out cases until they are opened. */
const HELD_OUT = 'held-out';

export function Evaluate() {
  const session = useSession();
  const datasets = useStudio((state) => state.datasets);
  const chosen = useStudio((state) => state.datasetId);
  const evaluating = useStudio((state) => state.evaluating);
  const evaluations = useStudio((state) => state.evaluations);
  const blocked = useStudio(
    (state) =>
      !state.model || !state.holdsLock || state.run?.status === 'running' || state.run?.status === 'pausing',
  );
  const [picked, setPicked] = useState<string | null>(null);
  const [limit, setLimit] = useState('100');
  const datasetId = picked ?? defaultDataset(datasets, chosen);
  const count = limit.trim() === '' ? null : Number(limit);
  const validCount = count === null || (Number.isSafeInteger(count) && count > 0);
  return (
    <Panel title="Evaluate" note="the policy as it is now; before and after a run show what it learned">
      <div className={css.form}>
        <label className={css.field}>
          on
          <select value={datasetId} onChange={(event) => setPicked(event.target.value)}>
            {datasets.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
            {datasetId === HELD_OUT && <option value={HELD_OUT}>{STARTER_HELD_OUT.name}</option>}
          </select>
        </label>
        <label className={css.field}>
          first
          <input
            className={css.count}
            inputMode="numeric"
            value={limit}
            placeholder="all"
            aria-invalid={!validCount}
            onChange={(event) => setLimit(event.target.value)}
          />
          cases
        </label>
        {evaluating ? (
          <Button label="Cancel" icon="close" onClick={() => session.cancelEvaluation()} />
        ) : (
          <Button
            label="Evaluate"
            icon="check"
            disabled={blocked || !datasetId || !validCount}
            hint={blocked ? 'Pause the run first' : 'Score the policy as it is now'}
            onClick={() =>
              datasetId === HELD_OUT ? session.evaluateHeldOut(count) : session.evaluate(datasetId, count)
            }
          />
        )}
        {evaluating && (
          <div className={css.progress}>
            <Progress
              label="Evaluation"
              value={evaluating.total > 0 ? evaluating.done / evaluating.total : null}
            />
            <span>
              {evaluating.done} of {evaluating.total}
              {evaluating.partial && ` · ${evaluating.partial.correct} correct so far`}
            </span>
          </div>
        )}
      </div>
      {evaluations.length > 0 && <Results evaluations={evaluations} />}
    </Panel>
  );
}

/** What is offered first: not what is trained on, where the starter has something better. */
function defaultDataset(datasets: readonly DatasetSummary[], chosen: string | null): string {
  const trained = datasets.find(({ id }) => id === chosen);
  if (!trained?.synthetic) return (trained ?? datasets[0])?.id ?? '';
  return datasets.find(({ name }) => name === STARTER_HELD_OUT.name)?.id ?? HELD_OUT;
}

/** Newest first; the change is against the first result on the same dataset and as many cases. */
function Results({ evaluations }: { readonly evaluations: readonly Evaluation[] }) {
  const described = useStudio((state) => state.ready?.objectives) ?? [];
  const objectives = [...new Set(evaluations.flatMap(({ record }) => Object.keys(record.objectives)))];
  const rows = evaluations.map((evaluation, index) => ({ ...evaluation, index })).reverse();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table must be scrollable by keyboard
    <section className={css.scroll} tabIndex={0} aria-label="Evaluation results">
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Dataset</th>
            <th scope="col">Policy</th>
            <th scope="col">Step</th>
            <th scope="col">Correct / all</th>
            <th scope="col">Change</th>
            <th scope="col">Correct / parsable</th>
            <th scope="col">Reward</th>
            {objectives.map((name) => (
              <th key={name} scope="col">
                {described.find((objective) => objective.name === name)?.label ?? name}
              </th>
            ))}
            <th scope="col">Tokens</th>
            <th scope="col">Cut</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ record, modelName, datasetId, index }) => {
            const first = evaluations.findIndex(
              (each) =>
                each.datasetId === datasetId &&
                each.record.total === record.total &&
                each.modelName === modelName,
            );
            return (
              <tr key={index}>
                <td>
                  <bdi>{record.datasetName}</bdi>
                </td>
                <td>
                  <bdi>{modelName}</bdi>
                </td>
                <td>{record.step}</td>
                <td>
                  <Share k={record.correct} n={record.total} />
                </td>
                <td>{first < index ? <Change from={evaluations[first]!.record} to={record} /> : 'first'}</td>
                <td>
                  {record.correct}/{record.parsable}
                </td>
                <td>{formatFixed(record.reward)}</td>
                {objectives.map((name) => (
                  <td key={name}>{formatFixed(record.objectives[name] ?? null)}</td>
                ))}
                <td>{formatNumber(record.meanTokens)}</td>
                <td>{record.truncated}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function Share({ k, n }: { readonly k: number; readonly n: number }) {
  const interval = wilsonInterval(k, n);
  return (
    <span title="95 % Wilson interval">
      <strong>
        {k}/{n}
      </strong>{' '}
      {interval &&
        `${formatPercent(k / n)} (${(100 * interval[0]).toFixed(0)}–${(100 * interval[1]).toFixed(0)})`}
    </span>
  );
}

/** In points of correct / all. */
function Change({ from, to }: { readonly from: EvaluationRecord; readonly to: EvaluationRecord }) {
  const points = 100 * (to.correct / to.total - from.correct / from.total);
  return <strong className={points < 0 ? css.loss : css.gain}>{formatSigned(points, 1)}</strong>;
}
