/** Records that the studio's tests are made from: small, complete, and each overridable. */
import type {
  CheckpointSummary,
  DatasetSummary,
  ModelSummary,
  ObjectiveDescriptor,
  ReadyReport,
  RolloutRecord,
  RunConfig,
  RunSummary,
  ScoredCompletion,
  StepRecord,
  StorageReport,
} from '../../src/protocol';

export const config: RunConfig = {
  version: 1,
  name: 'brisk-heron',
  seed: 1,
  steps: 10,
  prompt: { tags: 'dx', system: 'Answer.', addOpeningTag: false, maxTokens: 512 },
  rewards: {
    preset: 'released',
    weights: { accuracy: 10, format: 1, language: 0.5 },
    accuracyFloor: null,
    integrityGate: false,
    custom: [],
  },
  data: { heldOutFraction: 0, splitSeed: 1 },
  sampling: {
    promptsPerBatch: 2,
    groupSize: 2,
    maxCompletionTokens: 64,
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    repetitionPenalty: 1,
  },
  advantage: { scale: 'std', combine: 'sum-then-normalize', epsilon: 1e-4 },
  loss: {
    clipRangeLow: 0.2,
    clipRangeHigh: 0.2,
    dualClip: null,
    klCoefficient: 0.001,
    klClamp: null,
    entropyCoefficient: 0,
    aggregation: 'token-mean',
    maskTruncated: false,
  },
  optimizer: {
    learningRate: 1e-4,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
    warmupSteps: 0,
    schedule: 'constant',
    maxGradNorm: 1,
  },
  update: { miniBatches: 1, epochs: 1, microBatchSize: 4, gpuMemory: 4096 },
  training: { mode: 'full', loraRank: 8, loraAlpha: 16, loraTargets: ['q_proj'] },
  checkpoint: { everySteps: 5, keep: 3 },
};

export const ready: ReadyReport = {
  protocolVersion: 1,
  build: '0.1.0+test',
  backend: { name: 'wasm', requested: 'auto', adapter: 'none', software: true, notice: 'No GPU was found.' },
  holdsLock: true,
  defaults: config,
  paper: { ...config, name: 'clinical-r1', optimizer: { ...config.optimizer, learningRate: 1e-6 } },
  objectives: [
    { name: 'accuracy', label: 'Accuracy', help: 'h', aim: 'accuracy', min: -10, max: 1, source: 's' },
    { name: 'format', label: 'Format', help: 'h', aim: 'form', min: 0, max: 1.5, source: 's' },
    { name: 'language', label: 'Language', help: 'h', aim: 'form', min: 0, max: 1, source: 's' },
  ],
  rewardPresets: [
    { name: 'released', label: 'Released rule', weights: config.rewards.weights, source: 's' },
    { name: 'grpo', label: 'GRPO', weights: { accuracy: 10 }, source: 's' },
    { name: 'clinical', label: 'Clinical', weights: {}, source: 's' },
  ],
  settings: [
    {
      path: 'name',
      group: 'Run',
      label: 'Name',
      help: 'h',
      kind: 'text',
      min: 1,
      max: 80,
      applies: 'new-run',
    },
    {
      path: 'steps',
      group: 'Run',
      label: 'Steps',
      help: 'Updates in total.',
      kind: 'integer',
      min: 0,
      max: 1000,
      applies: 'next-step',
    },
    {
      path: 'rewards.preset',
      group: 'Rewards',
      label: 'Preset',
      help: 'h',
      kind: 'choice',
      choices: ['released', 'grpo'],
      applies: 'new-run',
    },
    {
      path: 'rewards.weights.accuracy',
      group: 'Rewards',
      label: 'Weight of accuracy',
      help: 'h',
      kind: 'number',
      min: 0,
      max: 100,
      applies: 'next-step',
    },
    {
      path: 'rewards.weights.format',
      group: 'Rewards',
      label: 'Weight of format',
      help: 'h',
      kind: 'number',
      min: 0,
      max: 100,
      applies: 'next-step',
    },
    {
      path: 'rewards.weights.language',
      group: 'Rewards',
      label: 'Weight of language',
      help: 'h',
      kind: 'number',
      min: 0,
      max: 100,
      applies: 'next-step',
    },
    {
      path: 'rewards.accuracyFloor',
      group: 'Rewards',
      label: 'Accuracy floor',
      help: 'h',
      kind: 'number',
      min: -100,
      max: 0,
      nullable: true,
      applies: 'next-step',
    },
    {
      path: 'sampling.topK',
      group: 'Sampling',
      label: 'Top k',
      help: 'h',
      kind: 'integer',
      min: 0,
      max: 100,
      applies: 'new-run',
    },
    {
      path: 'optimizer.learningRate',
      group: 'Optimizer',
      label: 'Learning rate',
      help: 'Step size.',
      kind: 'number',
      min: 0,
      max: 1,
      applies: 'next-step',
      paper: 1e-6,
      source: 'released code',
    },
    {
      path: 'loss.maskTruncated',
      group: 'Loss',
      label: 'Mask truncated',
      help: 'h',
      kind: 'boolean',
      applies: 'next-step',
    },
    {
      path: 'training.loraTargets',
      group: 'Training',
      label: 'LoRA targets',
      help: 'h',
      kind: 'choices',
      choices: ['q_proj', 'v_proj'],
      applies: 'new-run',
    },
  ],
};

export const model: ModelSummary = {
  name: 'starter policy',
  architecture: 'Qwen2ForCausalLM',
  parameters: 1_200_000,
  layers: 2,
  hiddenSize: 64,
  vocabularySize: 512,
  contextLength: 1024,
  eosToken: '<|im_end|>',
  storedType: 'F32',
  sha256: 'ab'.repeat(32),
};

export const run = (changes: Partial<RunSummary> = {}): RunSummary => ({
  runId: 'run-1',
  status: 'running',
  config,
  datasetId: 'data-1',
  datasetName: 'cases.jsonl',
  modelName: model.name,
  step: 0,
  startedAt: '2026-11-22T09:00:00.000Z',
  ...changes,
});

export const rollout = (
  step: number,
  group: number,
  index: number,
  changes: Partial<RolloutRecord> = {},
): RolloutRecord => ({
  id: `${step}/${group}/${index}`,
  step,
  group,
  index,
  caseId: `case-${group}`,
  case: { question: `Question ${group}?`, options: { A: 'Measles', B: 'Asthma' }, answer: 'A' },
  prompt: `Question ${group}?`,
  completion: `<dx>Because.</dx><conclusion>So \\boxed{A}</conclusion>`,
  gold: 'A',
  promptTokens: 12,
  completionTokens: 20 + index,
  truncated: false,
  rewards: { accuracy: 1, format: 1.5, language: 1 },
  contributions: { accuracy: 10, format: 1.5, language: 0.5 },
  reward: 12,
  advantage: 0,
  meanLogprob: -0.7,
  ...changes,
});

/** What the scorer answers for that rollout: 10 · 1 + 1 · 1.5 + 0.5 · 1 = 12, and why. */
export const scored = (changes: Partial<ScoredCompletion> = {}): ScoredCompletion => ({
  rewards: { accuracy: 1, format: 1.5, language: 1 },
  contributions: { accuracy: 10, format: 1.5, language: 0.5 },
  reward: 12,
  gate: null,
  evidence: {
    accuracy: {
      rule: 'correct',
      counts: { boxes: 1 },
      spans: [{ start: 32, end: 41, label: 'box' }],
      items: [{ kind: 'correct', label: 'A Measles', value: 1, completion: { start: 39, end: 40 } }],
      arithmetic: 'the gold letter: 1',
    },
    format: {
      rule: 'well-formed',
      counts: { boxes: 1 },
      spans: [
        { start: 4, end: 12, label: 'reasoning' },
        { start: 29, end: 41, label: 'conclusion' },
      ],
      items: [],
      arithmetic: '1 + 0.5 = 1.5',
    },
    language: {
      rule: 'english',
      counts: { characters: 54 },
      spans: [],
      items: [],
      arithmetic: '1 − 0 / 54 = 1',
    },
  },
  ...changes,
});

const clinicalQuestion = 'A 30-year-old man has fever and a rash. He denies cough.';
const clinicalCompletion =
  '<dx>Fever and a rash point to measles. He has a cough.</dx><conclusion>So \\boxed{A}</conclusion>';

/** [start, end) of the first `part` in `text`. */
export const spanOf = (text: string, part: string) => {
  const start = text.indexOf(part);
  return { start, end: start + part.length };
};

const clinical = (name: string, label: string, aim: ObjectiveDescriptor['aim']): ObjectiveDescriptor => ({
  name,
  label,
  help: `What ${name} means.`,
  aim,
  min: 0,
  max: 1,
  source: 's',
});

export const clinicalObjectives: readonly ObjectiveDescriptor[] = [
  ...ready.objectives,
  clinical('faithfulness', 'Faithfulness', 'faithfulness'),
  clinical('support', 'Support', 'faithfulness'),
  clinical('integrity', 'Integrity', 'form'),
];

export const clinicalRewards: RunConfig['rewards'] = {
  ...config.rewards,
  preset: 'clinical',
  weights: { accuracy: 10, format: 1, language: 0.5, faithfulness: 0.6, support: 0.2 },
  integrityGate: true,
};

/**
 * A rollout under the integrity gate. Support does not apply, so faithfulness carries 0.6 + 0.2 = 0.8:
 * 0.8 · 0.5 · gate 0.5 = 0.2, and 10 + 1.5 + 0.5 + 0.2 = 12.2.
 */
export const clinicalRollout = (index: number, changes: Partial<RolloutRecord> = {}): RolloutRecord =>
  rollout(7, 0, index, {
    case: { question: clinicalQuestion, options: { A: 'Measles', B: 'Asthma' }, answer: 'A' },
    completion: clinicalCompletion,
    rewards: { accuracy: 1, format: 1.5, language: 1, faithfulness: 0.5, support: null, integrity: 0.5 },
    contributions: { accuracy: 10, format: 1.5, language: 0.5, faithfulness: 0.2 },
    reward: 12.2,
    ...changes,
  });

/** What the scorer answers for that rollout. */
export const clinicalScored = (changes: Partial<ScoredCompletion> = {}): ScoredCompletion => ({
  ...scored(),
  rewards: clinicalRollout(0).rewards,
  contributions: clinicalRollout(0).contributions,
  reward: 12.2,
  gate: { wellFormed: true, boxes: 1, integrity: 0.5, factor: 0.5 },
  evidence: {
    ...scored().evidence,
    faithfulness: {
      rule: 'claims-checked',
      counts: { grounded: 2, claimsInAll: 3 },
      spans: [],
      items: [
        {
          kind: 'supported',
          label: 'fever',
          value: 1,
          completion: spanOf(clinicalCompletion, 'Fever'),
          source: { part: 'question', ...spanOf(clinicalQuestion, 'fever') },
        },
        {
          kind: 'supported',
          label: 'fever and a rash',
          value: 1,
          reason: 'in one sentence',
          completion: spanOf(clinicalCompletion, 'Fever and a rash'),
          source: { part: 'question', ...spanOf(clinicalQuestion, 'a rash') },
        },
        {
          kind: 'contradicted',
          label: 'cough',
          value: 1,
          reason: 'the case denies it',
          completion: spanOf(clinicalCompletion, 'He has a cough'),
          source: { part: 'question', ...spanOf(clinicalQuestion, 'denies cough') },
        },
        {
          kind: 'not-cited',
          label: 'age 30',
          value: 0,
          source: { part: 'question', ...spanOf(clinicalQuestion, '30-year-old') },
        },
      ],
      arithmetic: '2 / (2 + 2 · 1) = 0.5',
    },
    support: null,
    integrity: {
      rule: 'penalised',
      counts: { words: 12 },
      spans: [],
      items: [{ kind: 'repetition', label: 'repeated 4-grams', value: 0.5 }],
      arithmetic: '1 − 0.5 = 0.5',
    },
  },
  ...changes,
});

/** A step of two groups of two. */
export const step = (number: number, metrics: Record<string, number> = {}): StepRecord => ({
  step: number,
  metrics: {
    reward: number,
    reward_std: 0.5,
    'rewards/accuracy/mean': number / 10,
    'rewards/format/mean': 1,
    'rewards/language/mean': 0.9,
    step_time: 2,
    num_tokens: 100 * number,
    ...metrics,
  },
  phaseMs: { sample: 1000, score: 10, reference: 0, update: 400 },
  rollouts: [rollout(number, 0, 0), rollout(number, 0, 1), rollout(number, 1, 0), rollout(number, 1, 1)],
});

export const dataset = (changes: Partial<DatasetSummary> = {}): DatasetSummary => ({
  id: 'data-1',
  name: 'cases.jsonl',
  bytes: 1234,
  layout: 'medqa',
  layoutLabel: 'MedQA, 4 options',
  rows: 60,
  unlabelled: 0,
  badLines: 0,
  badLinesSkipped: false,
  issueCounts: {},
  issues: [],
  repairs: {},
  optionCounts: { 4: 60 },
  answerCounts: { A: 20, B: 20, C: 10, D: 10 },
  ...changes,
});

export const checkpoint = (
  stepNumber: number,
  changes: Partial<CheckpointSummary> = {},
): CheckpointSummary => ({
  id: `checkpoint-${stepNumber}`,
  runId: 'run-1',
  runName: 'brisk-heron',
  modelName: model.name,
  step: stepNumber,
  createdAt: `2026-11-22T09:${String(stepNumber).padStart(2, '0')}:00.000Z`,
  bytes: 4_800_000,
  metrics: { reward: 9.5, 'rewards/accuracy/mean': 0.7 },
  reason: 'interval',
  sha256: 'cd'.repeat(32),
  deleted: false,
  ...changes,
});

export const storage: StorageReport = {
  checkpointBytes: 9_600_000,
  trashBytes: 0,
  usageBytes: 12_000_000,
  quotaBytes: 10_000_000_000,
  persisted: false,
};
