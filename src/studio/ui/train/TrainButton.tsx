/** The one click: starts a run with the settings at hand, or says what is missing. */
import { checkConfig } from '../../store/settings';
import { isActive, type StudioState } from '../../store/state';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import css from './TrainButton.module.css';

/** What keeps a run from starting, in a sentence; null: nothing. */
export function whyNotTrain(state: StudioState): string | null {
  const { ready, model, draft, datasetId, datasets, holdsLock, trainerAlive, loadingModel, evaluations } =
    state;
  const dataset = datasets.find(({ id }) => id === datasetId);
  if (!trainerAlive || !ready || !draft)
    return state.stage === 'starting' ? 'Starting…' : 'The trainer is not running.';
  if (!holdsLock) return 'Another tab holds the trainer.';
  if (loadingModel) return `Loading ${loadingModel}…`;
  if (!model) return 'Open a model folder first.';
  if (!dataset) return 'Open a dataset first.';
  if (dataset.rows - dataset.unlabelled <= 0) return `No case of ${dataset.name} has a gold answer.`;
  if (dataset.badLines > 0 && !dataset.badLinesSkipped)
    return `${dataset.name} has ${dataset.badLines} bad lines: skip them under Data, or mend the file.`;
  if (evaluations.atWork) return 'An evaluation is running.';
  const problems = checkConfig(draft, ready.settings);
  for (const [path, problem] of problems) {
    const label = ready.settings.find((setting) => setting.path === path)?.label ?? path;
    return `${label}: ${problem}`;
  }
  return null;
}

export function TrainButton({ onStarted }: { readonly onStarted?: () => void }) {
  const session = useSession();
  const reason = useStudio(whyNotTrain);
  const active = useStudio((state) => isActive(state.run));
  const steps = useStudio((state) => state.draft?.steps ?? 0);
  return (
    <div className={css.train}>
      <Button
        label={active ? 'Start a new run' : 'Train'}
        icon="play"
        tone="primary"
        large
        disabled={reason !== null}
        onClick={async () => {
          if (await session.train()) onStarted?.();
        }}
      />
      <span className={css.reason}>{reason ?? `${steps} steps`}</span>
    </div>
  );
}
