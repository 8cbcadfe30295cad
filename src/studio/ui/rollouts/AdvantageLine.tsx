/** Why this advantage: the reward against its group, with the run's own formula where one group decides. */
import type { RolloutRecord, RunConfig } from '../../../protocol';
import { groupAdvantages } from '../../store/advantage';
import { formatFixed, formatNumber, formatSigned } from '../../store/format';
import { groupStatistics } from '../../store/rollouts';
import { Advantage } from './Advantage';
import css from './AdvantageLine.module.css';

/** Beyond it the settings were changed after this step. */
const AGREES = 1e-3;

interface AdvantageLineProps {
  readonly rollout: RolloutRecord;
  readonly group: readonly RolloutRecord[];
  readonly settings: RunConfig['advantage'] | undefined;
}

export function AdvantageLine({ rollout, group, settings }: AdvantageLineProps) {
  const { scored, mean, std } = groupStatistics(group);
  const rewards = group.map(({ reward }) => reward);
  const at = group.findIndex(({ id }) => id === rollout.id);
  const expected = settings && groupAdvantages(rewards, settings)?.[at];
  const agrees = expected !== undefined && Math.abs(expected - rollout.advantage) < AGREES;
  return (
    <div className={css.line}>
      <p>
        <strong>Advantage</strong> <Advantage value={rollout.advantage} /> Group of {group.length}
        {scored < group.length && `, ${scored} scored`}: mean {formatFixed(mean, 3)}, standard deviation{' '}
        {formatFixed(std, 3)}.
      </p>
      {settings && agrees && std > 0 && rollout.reward !== null && (
        <p className={css.formula}>
          {formula(rollout.reward, mean, std, scored, settings)} = {formatSigned(expected, 3)}
        </p>
      )}
      {settings?.combine === 'normalize-then-sum' && (
        <p className={css.note}>
          This run normalises each objective in the group, and their sum over the whole batch.
        </p>
      )}
      {scored > 1 && std === 0 && (
        <p className={css.note}>All rewards are the same: this group teaches nothing.</p>
      )}
    </div>
  );
}

function formula(
  reward: number,
  mean: number,
  std: number,
  scored: number,
  { scale, epsilon }: RunConfig['advantage'],
): string {
  const subtrahend = mean < 0 ? `(${formatFixed(mean, 3)})` : formatFixed(mean, 3);
  const difference = `${formatFixed(reward, 3)} − ${subtrahend}`;
  switch (scale) {
    case 'std':
      return `(${difference}) / (${formatFixed(std, 3)} + ${formatNumber(epsilon)})`;
    case 'none':
      return difference;
    case 'leave-one-out':
      return `(${difference}) · ${scored} / ${scored - 1}`;
    default:
      return scale satisfies never;
  }
}
