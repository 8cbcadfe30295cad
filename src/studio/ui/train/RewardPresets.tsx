/** Named reward sets; choosing one sets the preset and all weights. Each says where it comes from. */
import { useId } from 'react';
import type { RewardPresetDescriptor, RunConfig } from '../../../protocol';
import { useSession } from '../context';
import css from './RewardPresets.module.css';

interface RewardPresetsProps {
  readonly presets: readonly RewardPresetDescriptor[];
  readonly draft: RunConfig;
}

export function RewardPresets({ presets, draft }: RewardPresetsProps) {
  const session = useSession();
  const name = useId();
  return (
    <fieldset className={css.presets}>
      <legend className={css.legend}>Reward preset</legend>
      {presets.map((preset) => (
        <label key={preset.name} className={css.preset}>
          <input
            type="radio"
            name={name}
            aria-describedby={`${name}-${preset.name}`}
            checked={draft.rewards.preset === preset.name}
            onChange={() =>
              session.edit({
                ...draft,
                rewards: { ...draft.rewards, preset: preset.name, weights: preset.weights },
              })
            }
          />
          {preset.label}
        </label>
      ))}
      {presets.map((preset) => (
        <p
          key={preset.name}
          id={`${name}-${preset.name}`}
          className={css.source}
          hidden={preset.name !== draft.rewards.preset}
        >
          {preset.source}
        </p>
      ))}
    </fieldset>
  );
}
