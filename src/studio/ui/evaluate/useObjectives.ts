import { useMemo } from 'react';
import type { ObjectiveDescriptor, RunConfig } from '../../../protocol';
import { objectivesOf } from '../../store/arithmetic';
import { useStudio } from '../context';

/** The objectives of an evaluation: the built-in ones and its settings' own. */
export function useObjectives({ rewards }: RunConfig): readonly ObjectiveDescriptor[] {
  const builtIn = useStudio((state) => state.ready?.objectives);
  return useMemo(() => objectivesOf(builtIn ?? [], rewards.custom), [builtIn, rewards.custom]);
}
