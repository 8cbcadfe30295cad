/** One evaluation: what it was, its figures dataset by dataset, its cases; resume, compare, export. */
import { Link, useLocation } from 'wouter';
import type { EvaluationSummary } from '../../../protocol';
import { formatCount, formatDuration, formatTime } from '../../store/format';
import { decodingText, POLICIES } from '../../store/results';
import { useSession, useStudio } from '../context';
import { useKeys } from '../keys';
import { Button } from '../kit/Button';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { Segmented } from '../kit/Segmented';
import { Answers } from './Answers';
import { AtWork } from './AtWork';
import { Cases } from './Cases';
import css from './Detail.module.css';
import { Status } from './EvaluationList';
import { comparePath, resultPath } from './links';
import { Accuracy, Objectives, PerResponse, Slices } from './Scores';
import { useEvaluations } from './useEvaluations';
import { whyNotEvaluate } from './whyNotEvaluate';

interface DetailProps {
  readonly id?: string | undefined;
  readonly dataset?: string | undefined;
  readonly caseIndex?: string | undefined;
}

export function Detail({ id, dataset, caseIndex }: DetailProps) {
  const [, navigate] = useLocation();
  const list = useEvaluations();
  const evaluation = list?.find((each) => each.id === id);
  // With a case open, Escape closes that first.
  useKeys({ close: caseIndex === undefined ? () => navigate('/evaluate') : undefined });
  if (!list || !evaluation) {
    return (
      <Panel title="Evaluation">
        <h1 className={css.hidden}>Evaluation</h1>
        {list ? (
          <EmptyState
            icon="evaluate"
            title="This evaluation is not in this browser"
            actions={<Button label="All evaluations" icon="left" onClick={() => navigate('/evaluate')} />}
          >
            It was deleted, or the link comes from another machine: evaluations stay where they were made.
          </EmptyState>
        ) : (
          <p className={css.muted}>Looking for stored evaluations…</p>
        )}
      </Panel>
    );
  }
  const index = Math.min(evaluation.datasets.length - 1, Number(dataset ?? 0) || 0);
  const open = caseIndex === undefined ? null : Number(caseIndex);
  return <Opened evaluation={evaluation} index={index} open={Number.isSafeInteger(open) ? open : null} />;
}

interface OpenedProps {
  readonly evaluation: EvaluationSummary;
  /** Of its datasets. */
  readonly index: number;
  readonly open: number | null;
}

function Opened({ evaluation, index, open }: OpenedProps) {
  const [, navigate] = useLocation();
  const { id, datasets, results, status } = evaluation;
  const atWork = useStudio((state) => state.evaluations.atWork?.progress?.id === id);
  const result = results[index];
  return (
    <div className={css.screen}>
      <Header evaluation={evaluation} index={index} />
      {atWork && <AtWork />}
      {datasets.length > 1 && (
        <Segmented
          label="Dataset"
          value={String(index)}
          choices={datasets.map(({ name, part }, at) => ({
            value: String(at),
            label: part === 'all' ? name : `${name} · ${part}`,
          }))}
          onChange={(at) => navigate(resultPath({ id, dataset: Number(at) }), { replace: true })}
        />
      )}
      {result ? (
        <div className={css.results}>
          <Accuracy result={result} />
          <Answers result={result} />
          <Objectives result={result} config={evaluation.config} />
          <PerResponse result={result} />
          <Slices result={result} />
        </div>
      ) : (
        status === 'paused' && (
          <p className={css.muted}>
            The figures appear when all {formatCount(evaluation.progress.total)} cases are through; the cases
            below are those that are. Resume it to go on after case {formatCount(evaluation.progress.done)}.
          </p>
        )
      )}
      <Cases evaluation={evaluation} dataset={index} open={open} />
    </div>
  );
}

function Header({ evaluation, index }: { readonly evaluation: EvaluationSummary; readonly index: number }) {
  const session = useSession();
  const [, navigate] = useLocation();
  const blocked = useStudio(whyNotEvaluate);
  const readOnly = !useStudio((state) => state.holdsLock && state.trainerAlive);
  const { id, name, status, datasets } = evaluation;
  const some = evaluation.progress.done > 0;
  const remove = async () => {
    if (await session.evaluator.delete(evaluation)) navigate('/evaluate');
  };
  return (
    <section className={css.header} aria-label="Evaluation">
      <div className={css.title}>
        <Link href="/evaluate" className={css.back}>
          ← Evaluations
        </Link>
        <h1>
          <bdi>{name}</bdi>
        </h1>
        <Status status={status} />
      </div>
      <Facts evaluation={evaluation} />
      <div className={css.actions}>
        {status === 'paused' && (
          <Button
            label="Resume"
            icon="play"
            tone="primary"
            disabled={blocked !== null}
            hint={blocked ?? 'Goes on with the batch it was in'}
            onClick={() => session.evaluator.resume(id)}
          />
        )}
        <CompareWith evaluation={evaluation} index={index} />
        <Button
          label="JSON"
          icon="download"
          disabled={!some}
          hint="Save everything: request, figures, every case and completion"
          onClick={() => session.evaluator.export(id, 'json', null)}
        />
        <Button
          label="CSV"
          icon="download"
          disabled={!some}
          hint="Save a table with one row per completion"
          onClick={() => session.evaluator.export(id, 'csv', null)}
        />
        <Button
          label="lm-eval samples"
          icon="download"
          disabled={!some}
          hint={`Save the completions on ${datasets[index]?.name} as a sample log of lm-evaluation-harness`}
          onClick={() => session.evaluator.export(id, 'lm-eval', index)}
        />
        <Button
          label={`Delete ${name}`}
          bare
          icon="trash"
          tone="danger"
          disabled={readOnly || status === 'running'}
          onClick={remove}
        />
      </div>
    </section>
  );
}

function Facts({ evaluation }: { readonly evaluation: EvaluationSummary }) {
  const { policy, createdAt, progress, config } = evaluation;
  return (
    <p className={css.facts}>
      <span>{POLICIES[policy.kind]}</span>
      <span>{decodingText(evaluation)}</span>
      <span>preset “{config.rewards.preset}”</span>
      <span>{formatTime(createdAt)}</span>
      {progress.elapsedMs > 0 && <span>{formatDuration(progress.elapsedMs / 1000)} at work</span>}
      {policy.modelSha256 && (
        <span>
          <bdi>{policy.modelName}</bdi>{' '}
          <code title={policy.modelSha256}>{policy.modelSha256.slice(0, 10)}</code>
        </span>
      )}
    </p>
  );
}

/** Other results; those on the same dataset first, for only shared cases can be compared. */
function CompareWith({
  evaluation,
  index,
}: {
  readonly evaluation: EvaluationSummary;
  readonly index: number;
}) {
  const [, navigate] = useLocation();
  const list = useStudio((state) => state.evaluations.list) ?? [];
  const own = evaluation.datasets[index];
  const others = list.flatMap(({ id, name, results }) =>
    results.flatMap(({ datasetId }, dataset) =>
      id !== evaluation.id && datasetId === own?.datasetId ? [{ id, dataset, name }] : [],
    ),
  );
  if (evaluation.results.length === 0 || others.length === 0) return null;
  return (
    <select
      className={css.compare}
      aria-label="Compare with an earlier result on the same dataset"
      value=""
      onChange={(event) => {
        const baseline = others[Number(event.target.value)];
        if (baseline) navigate(comparePath(baseline, { id: evaluation.id, dataset: index }));
      }}
    >
      <option value="">Compare with…</option>
      {others.map(({ id, dataset, name }, at) => (
        <option key={`${id}/${dataset}`} value={at}>
          {name}
        </option>
      ))}
    </select>
  );
}
