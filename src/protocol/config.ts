/** What reproduces a run: one JSON document, read by the page, the terminal and the checkpoint. */

/** Which pair of tags separates the reasoning from the conclusion (Clinical-R1: paper `dx`, released code `think`). */
export type TagSet = 'think' | 'dx';

/** A named set of objectives and weights; each states its source in its descriptor. */
export type RewardPresetName = 'released' | 'clinical' | 'grpo';

export interface RunConfig {
  readonly version: 1;
  readonly name: string;
  /** uint32. Every random choice of the run is a function of this and of counters. */
  readonly seed: number;
  /** Optimizer updates in total, also after a resume. */
  readonly steps: number;
  readonly prompt: {
    readonly tags: TagSet;
    /** `{open}` `{close}` stand for the reasoning tags, `{openAnswer}` `{closeAnswer}` for the conclusion's. */
    readonly system: string;
    /** The completion starts inside the reasoning: the opening tag is put into the prompt. */
    readonly addOpeningTag: boolean;
    /** A longer prompt is left out of the run and counted. */
    readonly maxTokens: number;
  };
  readonly rewards: {
    readonly preset: RewardPresetName;
    /** Objective name → weight in the summed reward. */
    readonly weights: Readonly<Record<string, number>>;
    /** Floor for the accuracy objective (the released rule goes to −count of boxes); null keeps it. */
    readonly accuracyFloor: number | null;
    /**
     * Faithfulness and comprehensiveness count only in a well-formed response with exactly one box,
     * and then times the integrity objective.
     */
    readonly integrityGate: boolean;
    /** Objectives of the user's own. */
    readonly custom: readonly CustomObjective[];
  };
  readonly data: {
    /** Share of the dataset's cases that training never sees, 0 … 0.9; 0 trains on all. */
    readonly heldOutFraction: number;
    /** Which cases those are. */
    readonly splitSeed: number;
  };
  readonly sampling: {
    readonly promptsPerBatch: number;
    /** G, completions per prompt. */
    readonly groupSize: number;
    readonly maxCompletionTokens: number;
    readonly temperature: number;
    /** 0 is off. */
    readonly topK: number;
    /** 1 is off. */
    readonly topP: number;
    /** Drops tokens with less than this share of the most likely one's probability; 0 is off. */
    readonly minP: number;
    /** Divides the positive logits of tokens that prompt or completion hold, multiplies negative ones; 1 is off. */
    readonly repetitionPenalty: number;
  };
  readonly advantage: {
    /** Divide by the group's std (GRPO), only subtract the mean (Dr. GRPO), or leave one out (RLOO). */
    readonly scale: 'std' | 'none' | 'leave-one-out';
    /** Sum the weighted objectives and then normalise (GRPO), or normalise each and then sum (GDPO). */
    readonly combine: 'sum-then-normalize' | 'normalize-then-sum';
    readonly epsilon: number;
  };
  readonly loss: {
    readonly clipRangeLow: number;
    readonly clipRangeHigh: number;
    /** Dual clip: the bound c on −c·A for negative advantages; null is off. */
    readonly dualClip: number | null;
    /** β of the k3 estimator; 0 needs no reference policy. */
    readonly klCoefficient: number;
    /** A token's k3 is held within ± this, beyond which it has no gradient; null is off. */
    readonly klClamp: number | null;
    readonly entropyCoefficient: number;
    readonly aggregation: 'token-mean' | 'sequence-mean' | 'constant-length';
    /** Completions cut at the token limit leave the loss. */
    readonly maskTruncated: boolean;
  };
  readonly optimizer: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    readonly weightDecay: number;
    readonly warmupSteps: number;
    readonly schedule: 'constant' | 'linear' | 'cosine';
    /** Global L2 norm; 0 is off. */
    readonly maxGradNorm: number;
  };
  readonly update: {
    /** Optimizer updates per pass over a rollout batch. */
    readonly miniBatches: number;
    /** Passes over a rollout batch. */
    readonly epochs: number;
    /** Rollouts per forward pass; gradients add up, so this changes memory, not the result. */
    readonly microBatchSize: number;
    /** MiB that the fused engine may take on the GPU: beyond it, activations are recomputed instead of kept. */
    readonly gpuMemory: number;
  };
  readonly training: {
    readonly mode: 'full' | 'lora';
    readonly loraRank: number;
    readonly loraAlpha: number;
    readonly loraTargets: readonly string[];
  };
  readonly checkpoint: {
    /** 0: only on pause, hide, stop and finish. */
    readonly everySteps: number;
    /** Automatic checkpoints kept; the newest stay. */
    readonly keep: number;
  };
}

/**
 * An objective that a user declares: it counts matches in a part of the response, and `cap` of them
 * earn the whole value, min(matches, cap) / cap, in [0, 1].
 */
export interface CustomObjective {
  /** Unique among all objectives; a letter, then letters, digits, `-` or `_`, at most 40. */
  readonly name: string;
  readonly match:
    | { readonly kind: 'pattern' /** RE2 syntax: matched in linear time. */; readonly pattern: string }
    | {
        readonly kind: 'terms' /** Whole words or phrases, letter case ignored. */;
        readonly terms: readonly string[];
      };
  readonly where: 'response' | 'reasoning' | 'conclusion';
  /** A whole number ≥ 1. */
  readonly cap: number;
  /** Below 0 is a penalty. */
  readonly weight: number;
}

export type SettingValue = number | string | boolean | null | readonly string[] | readonly CustomObjective[];

/**
 * One setting describes itself: label, bounds, source. The engine validates with it and the
 * page draws its control from it, so the two cannot disagree.
 */
export interface SettingDescriptor {
  /** Dotted path into `RunConfig`, e.g. `optimizer.learningRate`. */
  readonly path: string;
  readonly group: string;
  readonly label: string;
  readonly help: string;
  /** `objectives`: a list of `CustomObjective`. */
  readonly kind: 'number' | 'integer' | 'choice' | 'choices' | 'boolean' | 'text' | 'objectives';
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** null is allowed and means off. */
  readonly nullable?: boolean;
  /** `next-step`: a running run takes it up at its next step. `new-run`: it needs a new run. */
  readonly applies: 'next-step' | 'new-run';
  /** The value in Clinical-R1 (arXiv 2512.00601 or its released code), where known. */
  readonly paper?: SettingValue;
  readonly source?: string;
}

export interface ObjectiveDescriptor {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** Which of the three clinical aims it serves; `form` is the shape of the response, `custom` the user's own. */
  readonly aim: 'accuracy' | 'faithfulness' | 'comprehensiveness' | 'form' | 'custom';
  readonly min: number;
  readonly max: number;
  readonly source: string;
}

export interface RewardPresetDescriptor {
  readonly name: RewardPresetName;
  readonly label: string;
  readonly weights: Readonly<Record<string, number>>;
  readonly source: string;
}
