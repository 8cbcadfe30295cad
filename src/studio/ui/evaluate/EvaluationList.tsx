/** Stored evaluations, newest first: one line per dataset, with the accuracy and its interval. */
import { Link, useLocation } from 'wouter';
import type { EvaluationStatus, EvaluationSummary, Proportion } from '../../../protocol';
import { formatCount, formatTime } from '../../store/format';
import { decodingText, formatShare, intervalOf, POLICIES } from '../../store/results';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import css from './EvaluationList.module.css';
import { resultPath } from './links';
import { whyNotEvaluate } from './whyNotEvaluate';

const TONES = { running: 'accent', paused: 'warn', finished: 'ok' } as const satisfies Record<
  EvaluationStatus,
  string
>;

export function Status({ status }: { readonly status: EvaluationStatus }) {
  return <Chip tone={TONES[status]}>{status}</Chip>;
}

export function EvaluationList({ list }: { readonly list: readonly EvaluationSummary[] | null }) {
  const [, navigate] = useLocation();
  const results = (list ?? []).reduce((sum, { results: own }) => sum + own.length, 0);
  return (
    <Panel
      title="Evaluations"
      note={list ? `${formatCount(list.length)} in this browser` : undefined}
      flush
      actions={
        results > 1 && (
          <Button label="Compare two…" icon="rollouts" onClick={() => navigate('/evaluate/compare')} />
        )
      }
    >
      {list === null ? (
        <p className={css.waiting}>Looking for stored evaluations…</p>
      ) : list.length === 0 ? (
        <EmptyState icon="evaluate" title="Nothing evaluated yet">
          Choose a policy and a dataset and press Evaluate. Do it before a run and after it on the same cases:
          the comparison then says what the run changed, with its uncertainty.
        </EmptyState>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table must be scrollable by keyboard
        <section className={css.scroll} tabIndex={0} aria-label="Stored evaluations">
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">Evaluation</th>
                <th scope="col">Dataset</th>
                <th scope="col">Accuracy [95 %]</th>
                <th scope="col">Decoding</th>
                <th scope="col">When</th>
                <th scope="col">
                  <span className={css.hidden}>Actions</span>
                </th>
              </tr>
            </thead>
            {list.map((evaluation) => (
              <Entry key={evaluation.id} evaluation={evaluation} />
            ))}
          </table>
        </section>
      )}
    </Panel>
  );
}

function Entry({ evaluation }: { readonly evaluation: EvaluationSummary }) {
  const session = useSession();
  const blocked = useStudio(whyNotEvaluate);
  const readOnly = !useStudio((state) => state.holdsLock && state.trainerAlive);
  const { id, name, status, datasets, results, createdAt, progress, policy } = evaluation;
  const rows = datasets.length;
  return (
    <tbody>
      {datasets.map((dataset, index) => (
        <tr key={`${dataset.datasetId}/${dataset.part}`}>
          {index === 0 && (
            <th scope="rowgroup" rowSpan={rows} className={css.name}>
              <Link href={resultPath({ id, dataset: 0 })}>
                <bdi>{name}</bdi>
              </Link>
              <span className={css.facts}>
                <Status status={status} />
                <span>{POLICIES[policy.kind]}</span>
              </span>
            </th>
          )}
          <td className={css.dataset}>
            <Link href={resultPath({ id, dataset: index })}>
              <bdi>{dataset.name}</bdi>
            </Link>
            {dataset.part !== 'all' && ` · ${dataset.part}`}
          </td>
          <td>
            {results[index] ? (
              <Share of={results[index].accuracy} />
            ) : index === 0 ? (
              `${formatCount(progress.done)} of ${formatCount(progress.total)} cases`
            ) : (
              '–'
            )}
          </td>
          {index === 0 && (
            <>
              <td rowSpan={rows}>{decodingText(evaluation)}</td>
              <td rowSpan={rows}>{formatTime(createdAt)}</td>
              <td rowSpan={rows}>
                <span className={css.actions}>
                  {status === 'paused' && (
                    <Button
                      label="Resume"
                      icon="play"
                      disabled={blocked !== null}
                      hint={blocked ?? `Goes on after case ${formatCount(progress.done)}`}
                      onClick={() => session.evaluator.resume(id)}
                    />
                  )}
                  <Button
                    label={`Delete ${name}`}
                    bare
                    icon="trash"
                    tone="danger"
                    disabled={readOnly || status === 'running'}
                    onClick={() => session.evaluator.delete(evaluation)}
                  />
                </span>
              </td>
            </>
          )}
        </tr>
      ))}
    </tbody>
  );
}

function Share({ of: proportion }: { readonly of: Proportion }) {
  const { count, of, value, wilson } = proportion;
  return (
    <span title={wilson ? 'Wilson interval, 95 %' : 'Percentile bootstrap over cases, 95 %'}>
      <strong>{formatShare(value, intervalOf(proportion))}</strong>
      <span className={css.of}>
        {formatCount(count)}/{formatCount(of)}
      </span>
    </span>
  );
}
