/** The evaluation that runs: how far, how fast, how well so far; and pausing it. */
import { type EvaluationAtWork, evaluationEta } from '../../store/evaluations';
import { formatCount, formatEta, formatNumber, formatPercent } from '../../store/format';
import { useSession, useSlowly, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { Progress } from '../kit/Progress';
import css from './AtWork.module.css';

const REPAINT_MS = 250;

export function AtWork() {
  const session = useSession();
  const atWork = useSlowly(
    useStudio((state) => state.evaluations.atWork),
    REPAINT_MS,
  );
  const list = useStudio((state) => state.evaluations.list);
  const readOnly = !useStudio((state) => state.holdsLock && state.trainerAlive);
  if (!atWork) return null;
  const { progress } = atWork;
  const evaluation = list?.find(({ id }) => id === progress?.id);
  return (
    <Panel
      title="At work"
      note={evaluation && <bdi>{evaluation.name}</bdi>}
      actions={
        <Button
          label="Pause"
          icon="pause"
          hint="What is evaluated is stored; it can be resumed, also after a reload"
          disabled={readOnly || !progress}
          onClick={() => session.evaluator.pause()}
        />
      }
    >
      <div className={css.body}>
        <Progress
          label="Evaluation"
          value={progress && progress.total > 0 ? progress.done / progress.total : null}
        />
        {progress ? (
          <p className={css.figures}>
            <span>
              <strong>
                {formatCount(progress.done)} of {formatCount(progress.total)}
              </strong>{' '}
              cases
            </span>
            {evaluation && evaluation.datasets.length > 1 && (
              <span>
                dataset {progress.dataset + 1} of {evaluation.datasets.length}:{' '}
                <bdi>{evaluation.datasets[progress.dataset]?.name}</bdi>
              </span>
            )}
            {progress.completions > 0 && (
              <span>
                <strong>{formatPercent(progress.correct / progress.completions)}</strong> correct so far (
                {formatCount(progress.correct)} of {formatCount(progress.completions)} completions)
              </span>
            )}
            {progress.elapsedMs > 0 && (
              <span>{formatNumber((1000 * progress.tokens) / progress.elapsedMs)} tokens/s</span>
            )}
            <span>{timeLeft(atWork)}</span>
          </p>
        ) : (
          <p className={css.figures}>Asked for; the trainer is getting the weights and the cases ready.</p>
        )}
      </div>
    </Panel>
  );
}

function timeLeft(atWork: EvaluationAtWork): string {
  const { progress } = atWork;
  if (progress && progress.done === progress.total) return 'working out the figures…';
  const eta = evaluationEta(atWork);
  return eta ? `${formatEta(eta)} left` : 'estimating the time…';
}
