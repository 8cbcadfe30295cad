/** What became of reading the answers, and whether the policy prefers letters. */
import { useState } from 'react';
import type { AnswerOutcome, DatasetResult, LetterBias } from '../../../protocol';
import { formatCount, formatFixed, formatPercent } from '../../store/format';
import { OUTCOMES } from '../../store/results';
import { Panel } from '../kit/Panel';
import { Segmented } from '../kit/Segmented';
import css from './Results.module.css';

type View = 'bars' | 'table';

export function Answers({ result }: { readonly result: DatasetResult }) {
  const { outcomes, accuracy, letters } = result;
  const [view, setView] = useState<View>('bars');
  const failures = (Object.entries(outcomes) as [AnswerOutcome, number][])
    .filter(([outcome]) => outcome !== 'valid')
    .sort(([, a], [, b]) => b - a);
  const entries = [['valid', outcomes.valid ?? 0] as const, ...failures];
  return (
    <Panel title="Answers">
      <div className={css.stack}>
        <table className={css.table}>
          <caption>How each completion’s answer was read; all but the first are extraction failures.</caption>
          <thead>
            <tr>
              <th scope="col">Outcome</th>
              <th scope="col">Completions</th>
              <th scope="col">Share</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(([outcome, count]) => (
              <tr key={outcome}>
                <th scope="row">{OUTCOMES[outcome]}</th>
                <td>{formatCount(count)}</td>
                <td>{formatPercent(accuracy.of === 0 ? null : count / accuracy.of)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {letters && (
          <div className={css.letters}>
            <div className={css.lettersHead}>
              <h3>Answer letters</h3>
              <span
                className={css.muted}
                title="½ Σ |share of answers − share of gold|: 0 where the policy answers as the gold does, 1 where it never does"
              >
                bias {formatFixed(letters.totalVariation)} of 1
              </span>
              <Segmented<View>
                label="Answer letters as"
                value={view}
                choices={[
                  { value: 'bars', label: 'bars' },
                  { value: 'table', label: 'table' },
                ]}
                onChange={setView}
              />
            </div>
            {view === 'bars' ? <LetterBars letters={letters} /> : <LetterTable letters={letters} />}
          </div>
        )}
      </div>
    </Panel>
  );
}

/** Shares of the gold letters and of the valid answers. */
function shares({ letters }: LetterBias) {
  const golds = letters.reduce((sum, { gold }) => sum + gold, 0);
  const answers = letters.reduce((sum, { predicted }) => sum + predicted, 0);
  return letters.map(({ letter, gold, predicted }) => ({
    letter,
    gold,
    predicted,
    goldShare: golds === 0 ? 0 : gold / golds,
    predictedShare: answers === 0 ? 0 : predicted / answers,
  }));
}

function LetterBars({ letters }: { readonly letters: LetterBias }) {
  const rows = shares(letters);
  const most = Math.max(0.01, ...rows.flatMap((row) => [row.goldShare, row.predictedShare]));
  const height = (share: number) => ({ height: `${(100 * share) / most}%` });
  return (
    <figure className={css.bars} aria-label="Share of gold letters and of answers, by letter">
      <div className={css.plot}>
        {rows.map(({ letter, gold, predicted, goldShare, predictedShare }) => (
          <div key={letter} className={css.letter}>
            <div className={css.pair}>
              <span
                className={css.gold}
                style={height(goldShare)}
                title={`gold: ${formatCount(gold)} cases`}
              />
              <span
                className={css.predicted}
                style={height(predictedShare)}
                title={`answers: ${formatCount(predicted)} completions`}
              />
            </div>
            <strong>{letter}</strong>
            <span className={css.letterShares}>
              {formatPercent(goldShare, 0)} → {formatPercent(predictedShare, 0)}
            </span>
          </div>
        ))}
      </div>
      <figcaption className={css.legend}>
        <span>
          <i className={css.gold} /> gold
        </span>
        <span>
          <i className={css.predicted} /> answered
        </span>
      </figcaption>
    </figure>
  );
}

function LetterTable({ letters }: { readonly letters: LetterBias }) {
  return (
    <table className={css.table}>
      <thead>
        <tr>
          <th scope="col">Letter</th>
          <th scope="col">Gold</th>
          <th scope="col">Answered</th>
        </tr>
      </thead>
      <tbody>
        {shares(letters).map(({ letter, gold, predicted, goldShare, predictedShare }) => (
          <tr key={letter}>
            <th scope="row">{letter}</th>
            <td>
              {formatCount(gold)} cases · {formatPercent(goldShare)}
            </td>
            <td>
              {formatCount(predicted)} completions · {formatPercent(predictedShare)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
