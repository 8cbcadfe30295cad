/** The baseline, ready to be measured. */
// Not '../tensor': see plain-model.
import { tf } from '../tensor/tf';
import type { BenchCase, RolloutCase, Side, TrainingCase } from './cases';
import { benchConfig, benchPrompts, benchRollouts, benchWeights, OPTIMIZER } from './model';
import { plainRollout } from './plain-decode';
import { createPlainModel, sequenceTables } from './plain-model';
import { PlainAdamW, plainBatch, plainGradients } from './plain-step';
import { settleBackend } from './settle';

/** On tfjs' active backend. */
export function plainSide(benchCase: BenchCase): Side {
  return benchCase.kind === 'training' ? trainingSide(benchCase) : rolloutSide(benchCase);
}

function trainingSide({ model: size, batch }: TrainingCase): Side {
  const config = benchConfig(size);
  const model = createPlainModel(config, benchWeights(config));
  const optimizer = new PlainAdamW(model.parameters);
  const rollouts = benchRollouts(config, batch);
  const tables = sequenceTables(config, batch.promptTokens + batch.completionTokens);
  return {
    run: async (run) => {
      const onDevice = plainBatch(rollouts);
      const { value, grads } = plainGradients(model, onDevice, tables);
      optimizer.update(grads, { step: run + 1, learningRate: OPTIMIZER.learningRate, settings: OPTIMIZER });
      const { rows: _, promptTokens: __, completionTokens: ___, ...tensors } = onDevice;
      const [loss] = await value.data();
      tf.dispose([value, grads, tensors]);
      return loss!;
    },
    settle: settleBackend,
    dispose: () => {
      model.dispose();
      optimizer.dispose();
      tables.dispose();
    },
  };
}

function rolloutSide({ model: size, rows, promptTokens, tokens }: RolloutCase): Side {
  const config = benchConfig(size);
  const model = createPlainModel(config, benchWeights(config));
  const prompts = benchPrompts(config, rows, promptTokens);
  return {
    run: async () => {
      const completions = await plainRollout(model, prompts, tokens, 1);
      return completions.flat().reduce((sum, token) => sum + token, 0);
    },
    settle: settleBackend,
    dispose: () => model.dispose(),
  };
}
