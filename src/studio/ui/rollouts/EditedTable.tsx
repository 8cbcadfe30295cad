/** An edited text beside the original: every objective's value and part, the reward, and its place in the group. */
import type { RolloutRecord, RunConfig, ScoredCompletion } from '../../../protocol';
import { groupAdvantages, rankOf } from '../../store/advantage';
import { formatFixed, formatSigned } from '../../store/format';
import { Advantage } from './Advantage';
import { ObjectiveName } from './ObjectiveName';
import type { ObjectiveRows } from './RewardTable';
import css from './RewardTable.module.css';

interface EditedTableProps extends ObjectiveRows {
  readonly rollout: RolloutRecord;
  readonly group: readonly RolloutRecord[];
  readonly settings: RunConfig['advantage'];
  /** The edited text as scored; null while it is not yet. */
  readonly edited: ScoredCompletion | null;
}

export function EditedTable(props: EditedTableProps) {
  const { rollout, group, settings, edited, parts, styles, chosen, onChoose } = props;
  return (
    <div className={css.reward}>
      <table className={css.table}>
        <caption className={css.caption}>Reward of the edited text</caption>
        <thead>
          <tr>
            <th scope="col">Objective</th>
            <th scope="col">value</th>
            <th scope="col">edited</th>
            <th scope="col">part</th>
            <th scope="col">edited</th>
            <th scope="col">change</th>
          </tr>
        </thead>
        <tbody>
          {parts.map(({ objective, value, weight, contribution }, position) => {
            const { name } = objective;
            const editedPart = edited?.contributions[name] ?? null;
            return (
              <tr key={name} className={weight === 0 ? css.watched : undefined}>
                <th scope="row">
                  <ObjectiveName
                    objective={objective}
                    style={styles.get(name)!}
                    value={edited?.rewards[name] ?? null}
                    position={position}
                    chosen={chosen === name}
                    onChoose={() => onChoose(name)}
                  />
                </th>
                <td>{formatFixed(value, 3)}</td>
                <td>{formatFixed(edited?.rewards[name] ?? null, 3)}</td>
                <td>{formatFixed(contribution, 3)}</td>
                <td>{formatFixed(editedPart, 3)}</td>
                <td>{edited && <Change by={(editedPart ?? 0) - (contribution ?? 0)} />}</td>
              </tr>
            );
          })}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              Sum
            </th>
            <td>{formatFixed(rollout.reward, 3)}</td>
            <td>{formatFixed(edited?.reward ?? null, 3)}</td>
            <td>{edited && <Change by={(edited.reward ?? 0) - (rollout.reward ?? 0)} />}</td>
          </tr>
        </tfoot>
      </table>
      {edited && <WouldBe rollout={rollout} group={group} settings={settings} reward={edited.reward} />}
    </div>
  );
}

/** ▲ and ▼ beside the figure; nothing where nothing changed. */
function Change({ by }: { readonly by: number }) {
  if (Math.abs(by) < 5e-4) return '=';
  return (
    <span className={by > 0 ? css.up : css.down}>
      {by > 0 ? '▲' : '▼'} {formatSigned(by, 3)}
    </span>
  );
}

interface WouldBeProps extends Pick<EditedTableProps, 'rollout' | 'group' | 'settings'> {
  readonly reward: number | null;
}

/** Rank and advantage, had the policy written the edited text in place of this rollout. */
function WouldBe({ rollout, group, settings, reward }: WouldBeProps) {
  const at = group.findIndex(({ id }) => id === rollout.id);
  const rewards = group.map((member) => member.reward);
  const changed = rewards.with(at, reward);
  const advantage = groupAdvantages(changed, settings)?.[at] ?? null;
  const rank = (of: readonly (number | null)[]) => rankOf(of, at) ?? '–';
  return (
    <p className={css.wouldBe} role="status">
      In this place of its group of {group.length} the edited text would have rank{' '}
      <strong>
        {rank(rewards)} → {rank(changed)}
      </strong>{' '}
      and advantage <Advantage value={rollout.advantage} /> →{' '}
      {advantage === null ? (
        'not computed: this run normalises each objective over its whole batch.'
      ) : (
        <Advantage value={advantage} />
      )}
    </p>
  );
}
