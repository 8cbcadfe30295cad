/** A plan of GPU memory in words: what its parts are, and what would make it smaller. Pure. */
import type { MemoryPlan, RunConfig } from '../../protocol';

export interface MemoryPart {
  readonly name: string;
  readonly label: string;
  readonly bytes: number;
  /** Of the plan's bytes. */
  readonly share: number;
}

const LABELS: Readonly<Record<string, string>> = {
  weights: 'Weights',
  adapter: 'LoRA adapter',
  reference: 'Reference policy',
  gradient: 'Gradient',
  moments: 'Optimizer’s moments',
  kv: 'Keys and values of the rollouts',
  activations: 'Activations',
  scratch: 'Scratch buffers',
};

/** Largest first; a part that holds nothing is left out. */
export function partsOf({ parts, bytes }: MemoryPlan): readonly MemoryPart[] {
  return Object.entries(parts)
    .filter(([, held]) => held > 0)
    .map(([name, held]) => ({ name, label: LABELS[name] ?? name, bytes: held, share: held / bytes }))
    .sort((a, b) => b.bytes - a.bytes);
}

/** A change of the settings, the parts that it makes smaller, and whether there is anything left to change. */
interface Remedy {
  readonly words: string;
  readonly parts: readonly string[];
  readonly possible: (config: RunConfig) => boolean;
}

const REMEDIES: readonly Remedy[] = [
  {
    words: 'LoRA instead of full training',
    parts: ['reference', 'gradient', 'moments'],
    possible: ({ training }) => training.mode === 'full',
  },
  {
    words: 'a smaller micro-batch',
    parts: ['activations', 'scratch'],
    possible: ({ update }) => update.microBatchSize > 1,
  },
  {
    words: 'shorter completions',
    parts: ['kv', 'activations', 'scratch'],
    possible: () => true,
  },
  {
    words: 'fewer rollouts per step',
    parts: ['kv'],
    possible: ({ sampling }) => sampling.promptsPerBatch * sampling.groupSize > 1,
  },
];

/** Below this share of the whole, changing a part helps nobody. */
const WORTH_A_WORD = 0.05;

/** What can be changed, that which touches most first. */
export function remediesFor({ parts, bytes }: MemoryPlan, config: RunConfig): readonly string[] {
  return REMEDIES.filter(({ possible }) => possible(config))
    .map(({ words, parts: touched }) => ({
      words,
      touched: touched.reduce((sum, name) => sum + (parts[name] ?? 0), 0),
    }))
    .filter(({ touched }) => touched >= WORTH_A_WORD * bytes)
    .sort((a, b) => b.touched - a.touched)
    .map(({ words }) => words);
}

/** null: it fits. Beyond the limit the plan already counts on activations that are computed twice. */
export function memoryWarning(plan: MemoryPlan, config: RunConfig): string | null {
  if (plan.bytes <= plan.limitBytes) return null;
  const although = plan.parts.activations
    ? ', although activations are already computed twice to save memory'
    : '';
  const remedies = remediesFor(plan, config);
  const change = remedies.length === 0 ? '' : ` What takes less: ${anyOf.format(remedies)}.`;
  return `More than the limit${although}.${change} The run can start, and fails if the GPU has no room for it.`;
}

const anyOf = new Intl.ListFormat('en', { type: 'disjunction' });
