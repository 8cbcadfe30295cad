/** The GPU memory of the run that would start now, asked of the trainer whenever model or settings change. */
import { useEffect, useState } from 'react';
import { type ErrorRecord, type MemoryPlan, type RunConfig, toErrorRecord } from '../../../protocol';
import { checkConfig } from '../../store/settings';
import { isActive, type StudioState } from '../../store/state';
import { useSession, useStudio } from '../context';

/** Waits for a pause in typing. */
const REST_MS = 400;

interface Answer {
  /** Of what: the model's hash and the settings. */
  readonly model: string;
  readonly config: RunConfig;
  /** null: the run's memory is not known beforehand. */
  readonly plan: MemoryPlan | null;
  readonly error: ErrorRecord | null;
}

export interface ShownPlan extends Answer {
  /** The settings have changed since; the answer for them is on its way, or they are not valid. */
  readonly outdated: boolean;
}

/** null: nothing is known, or no run can be started here and now. */
export function useMemoryPlan(): ShownPlan | null {
  const session = useSession();
  const model = useStudio(modelToTrain);
  const draft = useStudio((state) => state.draft);
  const valid = useStudio(hasValidDraft);
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    if (model === null || draft === null || !valid) return;
    let dropped = false;
    const take = (plan: MemoryPlan | null, error: ErrorRecord | null) => {
      if (!dropped) setAnswer({ model, config: draft, plan, error });
    };
    const timer = setTimeout(() => {
      session.planMemory(draft).then(
        (plan) => take(plan, null),
        (thrown) => take(null, toErrorRecord(thrown)),
      );
    }, REST_MS);
    return () => {
      dropped = true;
      clearTimeout(timer);
    };
  }, [session, model, draft, valid]);
  if (answer === null || answer.model !== model) return null;
  return { ...answer, outdated: answer.config !== draft };
}

/** Hash of the model that a run on the GPU could start with; plain ops have no plan. */
function modelToTrain(state: StudioState): string | null {
  const { ready, model, holdsLock, trainerAlive, loadingModel, run } = state;
  if (!trainerAlive || !holdsLock || loadingModel !== null || isActive(run)) return null;
  const backend = ready?.backend;
  return backend?.name === 'webgpu' && backend.engine !== 'plain' ? (model?.sha256 ?? null) : null;
}

const hasValidDraft = ({ ready, draft }: StudioState): boolean =>
  ready !== null && draft !== null && checkConfig(draft, ready.settings).size === 0;
