/** A starter folder, opened as the page opens it: policy, tokenizer and cases, ready for a step of CRPO. */
import { join } from 'node:path';
import type { CaseSource, StepEnvironment } from '../../src/engine/crpo/environment';
import { loadLearner } from '../../src/engine/crpo/open-learner';
import { createReference } from '../../src/engine/crpo/reference';
import { readDataset } from '../../src/engine/data/read';
import { scoreCompletion } from '../../src/engine/rewards';
import { openTokenizer } from '../../src/engine/tokenizer';
import type { ClinicalCase, RunConfig } from '../../src/protocol';
import { openPath } from '../commands/node-files';

export interface OpenStarter {
  /** With the training cases. */
  readonly environment: StepEnvironment;
  /** The same with the held-out cases. */
  readonly heldOut: StepEnvironment;
  dispose(): void;
}

/** `folder` holds `cases.jsonl`, `heldout.jsonl` and `policy/`. */
export async function openStarter(folder: string, config: RunConfig): Promise<OpenStarter> {
  const files = await openPath(join(folder, 'policy'));
  const tokenizer = await openTokenizer(files);
  const { padTokenId: padToken } = tokenizer;
  const learner = await loadLearner(files, { training: { mode: 'full' }, padToken, device: null });
  const reference = createReference(learner, config);
  const environment: StepEnvironment = {
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    signal: new AbortController().signal,
    onPhase: () => undefined,
    config,
    learner,
    reference,
    tokenizer,
    cases: await readCases(join(folder, 'cases.jsonl')),
    score: async (input, rewards) => scoreCompletion(input, rewards),
    clock: () => performance.now(),
  };
  const dispose = () => {
    reference?.dispose();
    learner.dispose();
  };
  return {
    environment,
    heldOut: { ...environment, cases: await readCases(join(folder, 'heldout.jsonl')) },
    dispose,
  };
}

async function readCases(path: string): Promise<CaseSource> {
  const [source] = [...(await openPath(path)).values()];
  const cases: ClinicalCase[] = [];
  const sink = {
    saveCases: async (batch: readonly ClinicalCase[]) => {
      cases.push(...batch);
    },
    saveBadLines: async () => undefined,
  };
  await readDataset(source!, { name: path, sink });
  return { count: cases.length, at: async (index) => cases[index]! };
}
