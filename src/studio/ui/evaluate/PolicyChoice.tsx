/** The weights that answer: as they are now, before any update, or as a checkpoint keeps them. */
import { formatTime } from '../../store/format';
import { useStudio } from '../context';
import { CHECKPOINT_POLICY } from './links';
import css from './NewEvaluation.module.css';

interface PolicyChoiceProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

export function PolicyChoice({ value, onChange }: PolicyChoiceProps) {
  const model = useStudio((state) => state.model?.name ?? null);
  const run = useStudio((state) => state.run);
  const checkpoints = useStudio((state) => state.checkpoints);
  const kept = checkpoints
    .filter(({ deleted }) => !deleted)
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  const id = value.startsWith(CHECKPOINT_POLICY) ? value.slice(CHECKPOINT_POLICY.length) : null;
  const gone = id !== null && !kept.some((checkpoint) => checkpoint.id === id);
  return (
    <label className={css.field}>
      Policy
      <select value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="current">
          {run ? `now: step ${run.step} of ${run.config.name}` : `now: ${model ?? 'no model'}, as loaded`}
        </option>
        <option value="base">{`base: ${model ?? 'no model'} before any update`}</option>
        {kept.length > 0 && (
          <optgroup label="Checkpoints">
            {kept.map((checkpoint) => (
              <option key={checkpoint.id} value={CHECKPOINT_POLICY + checkpoint.id}>
                {`⚑ step ${checkpoint.step} of ${checkpoint.runName}, ${formatTime(checkpoint.createdAt)}`}
              </option>
            ))}
          </optgroup>
        )}
        {gone && <option value={value}>a checkpoint that is not here any more</option>}
      </select>
    </label>
  );
}
