import type { StudioState } from '../../store/state';

/** What keeps an evaluation from starting, in a sentence; null: nothing. */
export function whyNotEvaluate(state: StudioState): string | null {
  const { stage, ready, trainerAlive, holdsLock, loadingModel, model, run, evaluations } = state;
  if (!trainerAlive || !ready) return stage === 'starting' ? 'Starting…' : 'The trainer is not running.';
  if (!holdsLock) return 'Another tab holds the trainer.';
  if (loadingModel) return `Loading ${loadingModel}…`;
  if (!model) return 'Open a model folder first.';
  if (run?.status === 'running' || run?.status === 'pausing') return 'Pause the run first.';
  if (evaluations.atWork) return 'An evaluation is at work.';
  return null;
}
