/** Above a completion: whether it is right, how its answer was read, how long it is. */
import type { EvaluatedSample } from '../../../protocol';
import { preview } from '../../store/completion';
import { formatCount } from '../../store/format';
import { OUTCOMES } from '../../store/results';
import { Chip } from '../kit/Chip';
import { Verbatim } from '../kit/Verbatim';
import { Correct } from '../rollouts/Correct';
import css from './SampleEvidence.module.css';

export function SampleHeading({ sample }: { readonly sample: EvaluatedSample }) {
  const { outcome, answer, correct, tokens, truncated } = sample;
  return (
    <h3 className={css.heading}>
      Completion <Correct value={correct} />
      <span className={css.read}>
        {answer === null ? OUTCOMES[outcome] : <Verbatim text={`answers ${preview(answer, 40)}`} />}
        {tokens !== null && ` · ${formatCount(tokens)} tokens`}
      </span>
      {truncated && <Chip tone="warn">cut at the token limit</Chip>}
    </h3>
  );
}
