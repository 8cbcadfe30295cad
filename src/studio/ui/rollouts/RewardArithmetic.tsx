/** Why this reward: weight × value, summed; and why this advantage: the reward against its group. */
import type { ObjectiveDescriptor, RolloutRecord, RunConfig } from '../../../protocol';
import { formatFixed, formatNumber, formatSigned } from '../../store/format';
import { groupStatistics } from '../../store/rollouts';
import { useStudio } from '../context';
import { objectiveStyles } from '../train/objectiveStyle';
import { Advantage } from './Advantage';
import css from './RewardArithmetic.module.css';

/** Sums over floats agree to about this; a larger difference has a cause that must be said. */
const TOLERANCE = 1e-6;

interface RewardArithmeticProps {
  readonly rollout: RolloutRecord;
  readonly group: readonly RolloutRecord[];
  readonly config: RunConfig | null;
}

export function RewardArithmetic({ rollout, group, config }: RewardArithmeticProps) {
  const objectives = useStudio((state) => state.ready?.objectives) ?? [];
  const weights = config?.rewards.weights ?? {};
  const parts = objectives
    .filter(({ name }) => name in rollout.rewards)
    .map((objective) => ({
      objective,
      value: rollout.rewards[objective.name] ?? null,
      weight: weights[objective.name] ?? 0,
    }));
  const counted = parts.filter(({ weight }) => weight !== 0);
  const watched = parts.filter(({ weight }) => weight === 0);
  const sum = counted.reduce((total, { weight, value }) => total + weight * (value ?? 0), 0);
  return (
    <div className={css.arithmetic}>
      <table className={css.table}>
        <caption className={css.caption}>Reward</caption>
        <thead>
          <tr>
            <th scope="col">Objective</th>
            <th scope="col">weight</th>
            <th scope="col">× value</th>
            <th scope="col">= part</th>
          </tr>
        </thead>
        <tbody>
          {counted.map((part) => (
            <Part key={part.objective.name} {...part} objectives={objectives} />
          ))}
          {watched.map((part) => (
            <Part key={part.objective.name} {...part} objectives={objectives} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              Sum
            </th>
            <td>
              <strong>{rollout.reward === null ? 'unscored' : formatFixed(rollout.reward, 3)}</strong>
            </td>
          </tr>
        </tfoot>
      </table>
      {rollout.reward !== null && Math.abs(sum - rollout.reward) > TOLERANCE && (
        <p className={css.note}>
          With the weights of now the sum is {formatFixed(sum, 3)}: they were changed after this step was
          scored.
        </p>
      )}
      <AdvantageLine rollout={rollout} group={group} config={config} />
    </div>
  );
}

interface PartProps {
  readonly objective: ObjectiveDescriptor;
  readonly value: number | null;
  readonly weight: number;
  readonly objectives: readonly ObjectiveDescriptor[];
}

function Part({ objective, value, weight, objectives }: PartProps) {
  const style = objectiveStyles(objectives).get(objective.name)!;
  const { label, help, max } = objective;
  const share = value === null ? 0 : Math.min(1, Math.max(0, value / (max || 1)));
  return (
    <tr className={weight === 0 ? css.watched : undefined} title={help}>
      <th scope="row">
        <span style={{ color: style.color }}>{style.marker}</span> {label}
        <span className={css.bar}>
          <span style={{ width: `${100 * share}%`, background: style.color }} />
        </span>
      </th>
      <td>{formatNumber(weight)}</td>
      <td>{value === null ? 'does not apply' : formatFixed(value, 3)}</td>
      <td>{value === null ? '–' : weight === 0 ? 'only watched' : formatFixed(weight * value, 3)}</td>
    </tr>
  );
}

/** The group's mean and deviation; with the settings that make it so, the division itself. */
function AdvantageLine({ rollout, group, config }: RewardArithmeticProps) {
  const { scored, mean, std } = groupStatistics(group);
  const normalised = config?.advantage.scale === 'std' && config.advantage.combine === 'sum-then-normalize';
  const expected =
    rollout.reward === null ? 0 : (rollout.reward - mean) / (std + (config?.advantage.epsilon ?? 0));
  const agrees = normalised && scored > 1 && std > 0 && Math.abs(expected - rollout.advantage) < 1e-3;
  return (
    <div className={css.advantage}>
      <p>
        <strong>Advantage</strong> <Advantage value={rollout.advantage} />
      </p>
      <p>
        Group of {group.length}
        {scored < group.length && `, ${scored} scored`}: mean {formatFixed(mean, 3)}, standard deviation{' '}
        {formatFixed(std, 3)}.
      </p>
      {agrees && rollout.reward !== null && (
        <p className={css.formula}>
          ({formatFixed(rollout.reward, 3)} − {formatFixed(mean, 3)}) / ({formatFixed(std, 3)} +{' '}
          {formatNumber(config.advantage.epsilon)}) = {formatSigned(expected, 3)}
        </p>
      )}
      {config && !normalised && (
        <p className={css.note}>
          This run{' '}
          {config.advantage.combine === 'normalize-then-sum'
            ? 'normalises each objective and then sums'
            : 'does not divide by the deviation'}{' '}
          (scale {config.advantage.scale}).
        </p>
      )}
      {scored > 1 && std === 0 && (
        <p className={css.note}>All rewards are the same: this group teaches nothing.</p>
      )}
    </div>
  );
}
