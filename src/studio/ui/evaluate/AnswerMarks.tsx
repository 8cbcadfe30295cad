/** What the completions of a case answered: right or wrong by glyph, and how many said so. */
import { preview } from '../../store/completion';
import type { CaseRow } from '../../store/results';
import { Verbatim } from '../kit/Verbatim';
import { Correct } from '../rollouts/Correct';
import css from './AnswerMarks.module.css';

/** Answers that fit a cell; the rest is summed up. */
const SHOWN = 3;
const LONGEST = 12;

export function AnswerMarks({ row }: { readonly row: CaseRow }) {
  const { answers, rightAnswer } = row;
  const rest = answers.slice(SHOWN).reduce((sum, [, count]) => sum + count, 0);
  return (
    <span className={css.answers}>
      {answers.slice(0, SHOWN).map(([answer, count]) => (
        <span key={answer} className={css.answer}>
          <Correct value={answer === rightAnswer} />
          <Verbatim text={preview(answer, LONGEST)} />
          {count > 1 && <span className={css.count}>×{count}</span>}
        </span>
      ))}
      {rest > 0 && <span className={css.count}>+{rest}</span>}
    </span>
  );
}
