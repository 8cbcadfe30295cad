/**
 * Makes the starter: the clinic's cases, a tokenizer for its words, and a small policy that the
 * engine's own cold start teaches to answer in tags, with good habits and bad ones. All of it is a
 * function of one plan; on the wasm backend the same plan gives the same bytes.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors } from '../../src/engine/checkpoint/safetensors';
import type { TokenSequence } from '../../src/engine/crpo/batch';
import { type ColdStartSettings, type ColdStartStep, coldStart } from '../../src/engine/crpo/coldstart';
import { plainLearner } from '../../src/engine/crpo/plain/learner';
import { renderPrompt } from '../../src/engine/crpo/prompts';
import { defaultConfig } from '../../src/engine/crpo/settings';
import { createPolicy, readPolicyConfig } from '../../src/engine/policy';
import { sequence } from '../../src/engine/random';
import { chooseBackend } from '../../src/engine/tensor';
import { openTokenizer, type Tokenizer } from '../../src/engine/tokenizer';
import type { ClinicalCase, PromptSettings } from '../../src/protocol';
import { modelCard } from './card';
import { type ClinicSizes, type ColdStartExample, makeClinic, toJsonLines } from './clinic';
import { configJson, inMemory, json, type PolicyShape, tokenizerFiles } from './folder';
import { toMedQaRow } from './vignette';

export interface StarterPlan {
  readonly seed: number;
  readonly clinic: ClinicSizes;
  readonly shape: PolicyShape;
  readonly coldStart: Omit<ColdStartSettings, 'seed'>;
}

/** What `public/starter` is made from. */
export const PLAN: StarterPlan = {
  seed: 1,
  clinic: { training: 600, heldOut: 128, coldStart: 9000 },
  shape: { vocabularySize: 1024, layers: 4, hiddenSize: 128, mlpWidth: 384, heads: 4, keyValueHeads: 2 },
  coldStart: {
    steps: 500,
    batchSize: 16,
    microBatchSize: 16,
    optimizer: {
      learningRate: 3e-3,
      beta1: 0.9,
      beta2: 0.98,
      epsilon: 1e-8,
      weightDecay: 0.01,
      warmupSteps: 30,
      schedule: 'cosine',
      maxGradNorm: 1,
    },
  },
};

/** Texts that the tokenizer is trained on: more teach it nothing new. */
const TOKENIZER_TEXTS = 3000;

/** Writes `cases.jsonl`, `heldout.jsonl` and `policy/` into `folder`; `say` gets lines of progress. */
export async function makeStarter(
  plan: StarterPlan,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const clinic = makeClinic(plan.seed, plan.clinic);
  await mkdir(join(folder, 'policy'), { recursive: true });
  await writeFile(join(folder, 'cases.jsonl'), toJsonLines(clinic.training));
  await writeFile(join(folder, 'heldout.jsonl'), toJsonLines(clinic.heldOut));
  say(`${clinic.training.length} training and ${clinic.heldOut.length} held-out cases in ${folder}`);

  const { vocabularySize, files } = await trainTokenizer(clinic.coldStart, plan.shape.vocabularySize);
  const config = configJson({ ...plan.shape, vocabularySize });
  const texts = { ...files, 'config.json': json(config) };
  for (const [name, text] of Object.entries(texts)) await writeFile(join(folder, 'policy', name), text);

  const tokenizer = await openTokenizer(inMemory(texts));
  const sequences = clinic.coldStart.map((example) => toSequence(example, tokenizer));
  say(`${sequences.length} cold-start examples: ${lengths(sequences)}`);

  await chooseBackend('wasm', { gpu: undefined, wasmFolder: undefined });
  const policy = createPolicy(readPolicyConfig(config, 'config.json'), sequence(plan.seed, 'init'));
  const learner = plainLearner(policy, tokenizer.padTokenId);
  say(`${learner.layout.size.toLocaleString('en')} parameters, ${plan.coldStart.steps} steps`);
  const settings = { ...plan.coldStart, seed: plan.seed };
  await coldStart(learner, sequences, settings, {
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    signal: new AbortController().signal,
    onStep: progress(plan.coldStart.steps, say),
  });

  const weights = encodeSafetensors(await learner.exportWeights({ merged: false }));
  const facts = {
    ...plan,
    ...plan.shape,
    ...plan.coldStart,
    vocabularySize,
    parameters: learner.layout.size,
  };
  learner.dispose();
  await writeFile(join(folder, 'policy', 'model.safetensors'), weights);
  await writeFile(join(folder, 'policy', 'README.md'), modelCard(facts));
  say(`${(weights.length / 2 ** 20).toFixed(1)} MiB of weights in ${join(folder, 'policy')}`);
}

/** A tokenizer of bytes alone renders the prompts, so that the real one is trained on them as they are. */
async function trainTokenizer(examples: readonly ColdStartExample[], vocabularySize: number) {
  const bytes = await openTokenizer(inMemory(tokenizerFiles([], 259).files));
  const texts = examples.slice(0, TOKENIZER_TEXTS).map((example) => {
    const { text } = renderPrompt(caseOf(example), promptSettings(example), bytes);
    return text + example.completion;
  });
  return tokenizerFiles(texts, vocabularySize);
}

function toSequence(example: ColdStartExample, tokenizer: Tokenizer): TokenSequence {
  const { tokens } = renderPrompt(caseOf(example), promptSettings(example), tokenizer);
  const end = example.ends ? [tokenizer.eosTokenIds[0]!] : [];
  return { promptTokens: tokens, completionTokens: [...tokenizer.encode(example.completion), ...end] };
}

/** The prompt of a run with the default settings, in the example's tags. */
function promptSettings({ tags }: ColdStartExample): PromptSettings {
  return { ...defaultConfig().prompt, tags };
}

function caseOf({ vignette }: ColdStartExample): ClinicalCase {
  const { question, options, answer_idx: answer } = toMedQaRow(vignette);
  return { id: '', line: 1, question, options, answer };
}

function lengths(sequences: readonly TokenSequence[]): string {
  const mean = (of: (sequence: TokenSequence) => number) =>
    (sequences.reduce((sum, sequence) => sum + of(sequence), 0) / sequences.length).toFixed(0);
  const prompt = mean(({ promptTokens }) => promptTokens.length);
  return `${prompt} prompt tokens and ${mean(({ completionTokens }) => completionTokens.length)} completion tokens on average`;
}

/** Says the mean loss of every 50 steps, the speed, and how long the rest will take. */
function progress(steps: number, say: (line: string) => void): (step: ColdStartStep) => void {
  const begun = performance.now();
  let recent: number[] = [];
  return ({ step, loss, tokens }) => {
    recent.push(loss);
    if (step % 50 !== 0 && step !== steps) return;
    const seconds = (performance.now() - begun) / 1000;
    const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    const left = Math.ceil(((seconds / step) * (steps - step)) / 60);
    say(
      `step ${step}/${steps}  loss ${mean.toFixed(3)}  ${(tokens / seconds).toFixed(0)} tokens/s  ${left} min left`,
    );
    recent = [];
  };
}
