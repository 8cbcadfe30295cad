/** Evaluations (S7): a new one, the one at work, the stored ones, and results made elsewhere. */
import { useStudio } from '../context';
import { AtWork } from './AtWork';
import css from './Evaluate.module.css';
import { EvaluationList } from './EvaluationList';
import { ImportSamples } from './ImportSamples';
import { NewEvaluation } from './NewEvaluation';
import { useEvaluations } from './useEvaluations';

export function Evaluate() {
  const list = useEvaluations();
  const atWork = useStudio((state) => state.evaluations.atWork !== null);
  return (
    <div className={css.screen}>
      <h1 className={css.hidden}>Evaluate</h1>
      <div className={css.ask}>
        <NewEvaluation />
      </div>
      <div className={css.results}>
        {atWork && <AtWork />}
        <EvaluationList list={list} />
      </div>
      <div className={css.import}>
        <ImportSamples />
      </div>
    </div>
  );
}
