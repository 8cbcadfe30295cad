/** A learner, ready to be measured: the engine's own part of a training step and of sampling. */
import type { Pausable } from '../crpo/environment';
import type { Learner } from '../crpo/learner';
import type { RolloutCase, Side, TrainingCase } from './cases';
import { benchConfig, benchPrompts, benchRollouts, OBJECTIVE, OPTIMIZER } from './model';
import { settleBackend } from './settle';

/** Takes ownership of the learner, which has the bench's model of that case. */
export function learnerSide(benchCase: TrainingCase | RolloutCase, learner: Learner, host: Pausable): Side {
  return benchCase.kind === 'training'
    ? trainingSide(benchCase, learner, host)
    : rolloutSide(benchCase, learner, host);
}

function trainingSide({ model, batch }: TrainingCase, learner: Learner, host: Pausable): Side {
  const rollouts = benchRollouts(benchConfig(model), batch);
  return {
    run: async (run) => {
      const [loss] = await learner.addGradient(rollouts, OBJECTIVE, host);
      const { learningRate } = OPTIMIZER;
      await learner.applyGradient({ step: run + 1, learningRate, settings: OPTIMIZER });
      return loss!;
    },
    settle: settleBackend,
    dispose: () => learner.dispose(),
  };
}

function rolloutSide(
  { model, rows, promptTokens, tokens }: RolloutCase,
  learner: Learner,
  host: Pausable,
): Side {
  const prompts = benchPrompts(benchConfig(model), rows, promptTokens);
  return {
    run: async () => {
      const completions = await learner.generate(
        prompts,
        {
          maxTokens: tokens,
          stopTokens: [],
          padToken: 0,
          sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
          draws: { seed: 1, stream: 'sampling', counters: prompts.map((_, row) => row) },
          onProgress: () => undefined,
        },
        host,
      );
      return completions.flatMap((completion) => completion.tokens).reduce((sum, token) => sum + token, 0);
    },
    settle: settleBackend,
    dispose: () => learner.dispose(),
  };
}
