/** Named sets of objectives and weights; each says where it comes from. */
import type { RewardPresetDescriptor, RewardPresetName, RunConfig } from '../../protocol/config';

export const REWARD_PRESETS: readonly RewardPresetDescriptor[] = [
  {
    name: 'released',
    label: 'Released rule: 10 · accuracy + format + 0.5 · language, at most 12',
    weights: { accuracy: 10, format: 1, language: 0.5 },
    source:
      'Clinical-R1 released code, verl/utils/reward_score/medical_rule_based.py (April 2025), verified. ' +
      'It gives an answer without reasoning the full 12.',
  },
  {
    name: 'grpo',
    label: 'GRPO: 10 · accuracy + well-formed tags, at most 11',
    weights: { accuracy: 10, wellFormed: 1 },
    source:
      'The GRPO arm of arXiv 2512.00601 “optimises correctness and a generic thinking format only” ' +
      '(third-party summary). The weights are the released rule’s.',
  },
  {
    name: 'clinical',
    label: 'Clinical extension: the released rule + faithfulness + comprehensiveness, at most 14',
    weights: {
      accuracy: 10,
      format: 1,
      language: 0.5,
      citation: 0.4,
      faithfulness: 0.35,
      support: 0.25,
      rejection: 0.8,
      behaviours: 0.2,
    },
    source:
      'This project’s own extension, not from the paper: faithfulness and comprehensiveness count only in a ' +
      'well-formed response with one box, times integrity.',
  },
];

/** The reward settings of a preset, with the accuracy objective unclamped as in the released code. */
export function presetRewards(name: RewardPresetName): RunConfig['rewards'] {
  const { weights } = REWARD_PRESETS.find((candidate) => candidate.name === name)!;
  return { preset: name, weights, accuracyFloor: null, integrityGate: true, custom: [] };
}
