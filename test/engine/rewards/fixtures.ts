/** Reads the vectors in test/fixtures/objectives; `parity_public.jsonl` was scored by the released Python rule. */
import { readFileSync } from 'node:fs';
import type { ScoringInput } from '../../../src/protocol';

export interface ParityVector {
  readonly id: number;
  readonly kind: string;
  readonly solution_str: string;
  /** `letter<SEP>index<SEP>options…`; the index says which split the row came from. */
  readonly ground_truth: string;
  readonly add_bo_think_token: boolean;
  readonly eos_token: string;
  readonly accuracy_reward: number;
  readonly format_reward: number;
  readonly english_reward: number;
  readonly total: number;
}

export interface Example {
  readonly objective: string;
  readonly text: string;
  readonly gold?: string;
  readonly tags?: 'think' | 'dx';
  readonly expected: number;
  readonly note: string;
}

export interface ForkVectors {
  readonly gt: string;
  readonly cases: readonly {
    readonly text: string;
    readonly accuracy: number;
    readonly format: number;
    readonly english: number;
    readonly train_total: number;
  }[];
}

const folder = new URL('../../fixtures/objectives/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const lines = <T>(name: string): T[] =>
  read(name)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

export const parityVectors = () => lines<ParityVector>('parity_public.jsonl');
export const examples = (objective: string) =>
  lines<Example>('examples.jsonl').filter((example) => example.objective === objective);
export const forkVectors = (): ForkVectors => JSON.parse(read('fork_rule_reward.json'));

/** A scoring input of which a test names only what it is about. */
export function scoring(completion: string, changes: Partial<ScoringInput> = {}): ScoringInput {
  return {
    completion,
    case: { question: 'Which drug?', options: { A: 'Ceftriaxone', B: 'Gentamicin' }, answer: 'A' },
    tags: 'think',
    eos: '<|im_end|>',
    addOpeningTag: false,
    ...changes,
  };
}
