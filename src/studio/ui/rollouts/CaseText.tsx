/** The case that a completion answers: its question and options, the gold one marked, the evidence on them. */
import { useMemo } from 'react';
import type { ScoredCase } from '../../../protocol';
import { caseMarks } from '../../store/evidence';
import { cx } from '../kit/cx';
import { Verbatim } from '../kit/Verbatim';
import css from './CaseText.module.css';
import { MarkedText, type Pointing } from './MarkedText';

interface CaseTextProps {
  readonly scoredCase: ScoredCase;
  /** What the completion put into its box. */
  readonly said: string | null;
  readonly pointing: Pointing;
}

export function CaseText({ scoredCase, said, pointing }: CaseTextProps) {
  const { question, options, answer, openAnswer } = scoredCase;
  const { entries } = pointing;
  const marks = useMemo(
    () =>
      new Map(['question', ...Object.keys(options)].map((part) => [part, caseMarks(entries, part)] as const)),
    [entries, options],
  );
  return (
    <>
      <p className={css.question}>
        <MarkedText text={question} marks={marks.get('question')!} pointing={pointing} />
      </p>
      <ul className={css.options}>
        {Object.entries(options).map(([letter, text]) => (
          <li key={letter} className={cx(css.option, letter === answer && css.gold)}>
            <span className={css.letter}>{letter}</span>
            <span>
              <MarkedText text={text} marks={marks.get(letter)!} pointing={pointing} />
              {letter === answer && <span className={css.remark}>✓ gold</span>}
              {letter === said && <span className={css.remark}>{letter === answer ? '' : '✗ '}boxed</span>}
            </span>
          </li>
        ))}
      </ul>
      {openAnswer !== undefined && (
        <p className={css.question}>
          <span className={css.remark}>✓ gold</span> <Verbatim text={openAnswer} />
        </p>
      )}
      {answer === null && openAnswer === undefined && (
        <p className={css.remark}>No gold answer: nothing is rewarded on this case.</p>
      )}
    </>
  );
}
