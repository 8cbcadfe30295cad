/** Why this reward: weight × value × gate = part, summed. The parts are the record's own. */
import type { RolloutRecord, ScoredCompletion } from '../../../protocol';
import type { RewardPart } from '../../store/arithmetic';
import { formatFixed, formatNumber } from '../../store/format';
import type { LineStyle } from '../train/objectiveStyle';
import { ObjectiveName } from './ObjectiveName';
import css from './RewardTable.module.css';

export interface ObjectiveRows {
  readonly parts: readonly RewardPart[];
  readonly styles: ReadonlyMap<string, LineStyle>;
  /** Whose evidence is shown. */
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}

interface RewardTableProps extends ObjectiveRows {
  readonly rollout: RolloutRecord;
  /** The same text scored now, once it is. */
  readonly now: ScoredCompletion | null;
}

export function RewardTable({ rollout, now, parts, styles, chosen, onChoose }: RewardTableProps) {
  const gated = parts.some(({ gate }) => gate !== null);
  return (
    <div className={css.reward}>
      <table className={css.table}>
        <caption className={css.caption}>Reward</caption>
        <thead>
          <tr>
            <th scope="col">Objective</th>
            <th scope="col">weight</th>
            <th scope="col">× value</th>
            {gated && <th scope="col">× gate</th>}
            <th scope="col">= part</th>
          </tr>
        </thead>
        <tbody>
          {parts.map((part, position) => (
            <tr key={part.objective.name} className={part.weight === 0 ? css.watched : undefined}>
              <th scope="row">
                <ObjectiveName
                  objective={part.objective}
                  style={styles.get(part.objective.name)!}
                  value={part.value}
                  position={position}
                  chosen={chosen === part.objective.name}
                  onChoose={() => onChoose(part.objective.name)}
                />
              </th>
              <td>
                {formatNumber(part.weight)}
                {inheritsMore(part) && ` → ${formatNumber(part.weight * part.inherits)}`}
              </td>
              <Outcome part={part} gated={gated} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={gated ? 4 : 3}>
              Sum
            </th>
            <td>
              <strong>{rollout.reward === null ? 'unscored' : formatFixed(rollout.reward, 3)}</strong>
            </td>
          </tr>
        </tfoot>
      </table>
      {now?.gate && <Gate gate={now.gate} />}
      <Notes rollout={rollout} parts={parts} now={now} />
    </div>
  );
}

const inheritsMore = ({ inherits }: RewardPart) => Math.abs(inherits - 1) > 1e-6;

interface OutcomeProps {
  readonly part: RewardPart;
  readonly gated: boolean;
}

/** Value, gate and part, as far as there are any. */
function Outcome({ part: { value, weight, gate, contribution }, gated }: OutcomeProps) {
  if (value === null) return <td colSpan={gated ? 3 : 2}>does not apply</td>;
  if (contribution === null)
    return (
      <>
        <td>{formatFixed(value, 3)}</td>
        <td colSpan={gated ? 2 : 1}>{weight === 0 ? 'only watched' : 'not recorded'}</td>
      </>
    );
  return (
    <>
      <td>{formatFixed(value, 3)}</td>
      {gated && <td>{gate === null ? '' : formatFixed(gate)}</td>}
      <td>{formatFixed(contribution, 3)}</td>
    </>
  );
}

function Gate({ gate }: { readonly gate: NonNullable<ScoredCompletion['gate']> }) {
  const { wellFormed, boxes, integrity, factor } = gate;
  return (
    <p className={css.gate}>
      <strong>Gate × {formatFixed(factor)}</strong> for faithfulness and comprehensiveness:{' '}
      {wellFormed ? '✓ well-formed' : '✗ not well-formed'},{' '}
      {boxes === 1 ? '✓ one box' : `✗ ${boxes === 0 ? 'no box' : `${boxes} boxes`}`}, integrity{' '}
      {formatFixed(integrity)}.{factor === 0 && ' A closed gate leaves them no part in the reward.'}
    </p>
  );
}

type NotesProps = Pick<RewardTableProps, 'rollout' | 'parts' | 'now'>;

/** What the columns alone do not explain. */
function Notes({ rollout, parts, now }: NotesProps) {
  const labels = (some: (part: RewardPart) => boolean) =>
    parts
      .filter(some)
      .map(({ objective }) => objective.label)
      .join(', ');
  const absent = labels(({ value, weight }) => value === null && weight !== 0);
  const heirs = labels(inheritsMore);
  const values = parts.filter(({ changed }) => changed === 'value');
  const weights = parts.filter(({ changed }) => changed === 'weight');
  return (
    <>
      {heirs && (
        <p className={css.note}>
          {absent} {absent.includes(', ') ? 'do' : 'does'} not apply to this case; the weight went to {heirs}.
        </p>
      )}
      {values.length > 0 && (
        <p className={css.differs}>
          The rules of now give otherwise:{' '}
          {values
            .map(
              ({ objective, value }) =>
                `${objective.label} ${formatFixed(now?.rewards[objective.name] ?? null, 3)}, recorded ${formatFixed(value, 3)}`,
            )
            .join('; ')}
          . The table is the record; the evidence is of now.
        </p>
      )}
      {weights.length > 0 && rollout.contributions !== undefined && (
        <p className={css.differs}>
          Weights were changed after this step was scored: now{' '}
          {weights
            .map(
              ({ objective }) =>
                `${objective.label} would give ${formatFixed(now?.contributions[objective.name] ?? 0, 3)}`,
            )
            .join(', ')}
          .
        </p>
      )}
      {rollout.contributions === undefined && (
        <p className={css.differs}>
          This rollout was recorded before the parts of a reward were; only values and sum are known.
        </p>
      )}
    </>
  );
}
