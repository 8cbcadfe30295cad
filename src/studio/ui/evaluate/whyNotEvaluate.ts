import { isActive, type StudioState } from '../../store/state';

/** What keeps an evaluation from starting, in a sentence; null: nothing. */
export function whyNotEvaluate(state: StudioState): string | null {
  const { stage, ready, trainerAlive, holdsLock, loadingModel, model, run, evaluations } = state;
  if (!trainerAlive || !ready) return stage === 'starting' ? 'Starting…' : 'The trainer is not running.';
  if (!holdsLock) return 'Another tab holds the trainer.';
  if (loadingModel) return `Loading ${loadingModel}…`;
  if (!model) return 'Open a model folder first.';
  if (isActive(run)) return 'A run is active: stop it first, or wait until it ends.';
  if (evaluations.atWork) return 'An evaluation is at work.';
  return null;
}
