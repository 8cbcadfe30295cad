/** Whose answers changed: the four cells of McNemar's table, and how surprising the change is. */
import type { EvaluationComparison } from '../../../protocol';
import { formatCount } from '../../store/format';
import { formatP } from '../../store/results';
import { Panel } from '../kit/Panel';
import { useQuery } from '../query';
import { CHANGED_CASES, CHANGES } from './ChangedCases';
import css from './Compare.module.css';

export function McNemar({ comparison }: { readonly comparison: EvaluationComparison }) {
  const [, setChange] = useQuery(...CHANGES);
  const { improved, regressed, bothCorrect, bothWrong, pValue } = comparison.mcnemar;
  const open = (change: 'improved' | 'regressed', count: number) => (
    <button
      type="button"
      className={css.changed}
      disabled={count === 0}
      title={`Show the ${change} cases below`}
      onClick={() => {
        setChange(change);
        document.getElementById(CHANGED_CASES)?.scrollIntoView?.({ block: 'nearest' });
      }}
    >
      <strong>{formatCount(count)}</strong> {change}
    </button>
  );
  return (
    <Panel title="McNemar" note={`exact p ${pValue < 1e-4 ? formatP(pValue) : `= ${formatP(pValue)}`}`}>
      <div className={css.stack}>
        <table className={css.mcnemar}>
          <caption>A case counts by the majority of its answers.</caption>
          <thead>
            <tr>
              <td />
              <th scope="col">now right</th>
              <th scope="col">now wrong</th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">baseline right</th>
              <td>
                <strong>{formatCount(bothCorrect)}</strong> both right
              </td>
              <td>{open('regressed', regressed.length)}</td>
            </tr>
            <tr>
              <th scope="row">baseline wrong</th>
              <td>{open('improved', improved.length)}</td>
              <td>
                <strong>{formatCount(bothWrong)}</strong> both wrong
              </td>
            </tr>
          </tbody>
        </table>
        <p className={css.muted}>
          If neither were better, {formatCount(improved.length + regressed.length)} changed cases would split
          at least this unevenly with probability {formatP(pValue)} (two-sided, binomial).
        </p>
      </div>
    </Panel>
  );
}
