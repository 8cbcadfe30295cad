/** The baseline, ready to be measured. */
// Not '../tensor': see plain-model.
import { tf } from '../tensor/tf';
import {
  type BenchCase,
  type HeadCase,
  LINEAR_TIMES,
  type LinearCase,
  type RolloutCase,
  type Side,
  type TrainingCase,
} from './cases';
import {
  benchConfig,
  benchPrompts,
  benchRollouts,
  benchWeights,
  headInputs,
  linearInputs,
  meanMagnitude,
  OPTIMIZER,
} from './model';
import { plainRollout } from './plain-decode';
import { createPlainModel, normalized, sequenceTables } from './plain-model';
import { clippedLoss, PlainAdamW, plainBatch, plainGradients, targetLogprobs } from './plain-step';
import { settleBackend } from './settle';

/** On tfjs' active backend. */
export function plainSide(benchCase: BenchCase): Side {
  switch (benchCase.kind) {
    case 'training':
      return trainingSide(benchCase);
    case 'rollout':
      return rolloutSide(benchCase);
    case 'linear':
      return linearSide(benchCase);
    case 'head':
      return headSide(benchCase);
  }
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

function linearSide({ rows, inputs, outputs }: LinearCase): Side {
  const made = linearInputs(rows, inputs, outputs);
  const x = tf.tensor2d(made.x, [rows, inputs]);
  // As a model keeps it: [in, out].
  const weight = tf.tidy(() => tf.transpose(tf.tensor2d(made.weight, [outputs, inputs])));
  return {
    run: async () => {
      let y: tf.Tensor | undefined;
      for (let time = 0; time < LINEAR_TIMES; time++) {
        y?.dispose();
        y = tf.matMul(x, weight);
      }
      const values = await y!.data();
      y!.dispose();
      return meanMagnitude(values);
    },
    settle: settleBackend,
    dispose: () => tf.dispose([x, weight]),
  };
}

function headSide({ rows, width, vocabulary }: HeadCase): Side {
  const made = headInputs(rows, width, vocabulary);
  const hidden = tf.tensor2d(made.hidden, [rows, width]);
  const head = tf.tensor2d(made.head, [vocabulary, width]);
  const norm = tf.tensor1d(made.norm);
  const epsilon = tf.scalar(made.epsilon);
  const batch = plainBatch([made.rollout]);
  const loss = (x: tf.Tensor, table: tf.Tensor, weight: tf.Tensor): tf.Scalar => {
    const normed = normalized(x, weight, epsilon);
    const logits = tf.matMul(normed, table, false, true);
    return clippedLoss(targetLogprobs(logits as tf.Tensor2D, batch.targets), batch);
  };
  return {
    run: async () => {
      const { value, grads } = tf.valueAndGrads(loss)([hidden, head, norm]);
      const [result] = await value.data();
      tf.dispose([value, grads]);
      return result!;
    },
    settle: settleBackend,
    dispose: () => tf.dispose([hidden, head, norm, epsilon]),
  };
}
