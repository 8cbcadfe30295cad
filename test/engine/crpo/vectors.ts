/**
 * `fixtures/grpo/vectors.json`: expected numbers in float64, checked against the functions of TRL,
 * verl and OpenRLHF when they were made. Sections and where they are used:
 *   advantages, multi_objective, float32_dead_group, group_filter         advantage.test.ts
 *   kl_tokens, kl_distribution, policy_loss, policy_loss_extreme,
 *   aggregation, aggregation_grad_accum, end_to_end                       loss.test.ts
 *   log_softmax_entropy                                                   sampling.test.ts; end_to_end has entropies
 * and sections that have no counterpart in this engine:
 *   other_losses (SAPO, CISPO), gspo           other surrogates; CRPO's is the clipped one
 *   rollout_is                                 the sampler is the trained policy itself, in float32
 *   overlong, repetition, fork_rule_reward     rewards, tested in engine/rewards where they exist
 *   kl_controller, ref_sync                    β and the reference policy are fixed in a run
 */
import { readFileSync } from 'node:fs';

export interface Vectors {
  readonly advantages: readonly {
    readonly id: string;
    readonly groups: readonly (readonly number[])[];
    readonly expected: Readonly<Record<string, readonly (readonly number[])[]>>;
    readonly zero_variance_group: readonly boolean[];
  }[];
  readonly multi_objective: readonly {
    readonly id: string;
    readonly rewards_per_func: readonly (readonly (number | null)[])[];
    readonly num_generations: number;
    readonly weights: readonly number[];
    readonly expected: Readonly<Record<string, readonly number[]>>;
    readonly per_func_group_std: readonly (readonly (number | 'NaN')[])[];
  }[];
  readonly kl_tokens: readonly {
    readonly logp: number;
    readonly ref_logp: number;
    readonly k3_unclamped_trl_unsloth: number;
    readonly grad_k3_unclamped: number;
    readonly verl_low_var_kl: number;
    readonly grad_verl_low_var_kl: number;
  }[];
  readonly kl_distribution: {
    readonly p_policy: readonly number[];
    readonly q_ref: readonly number[];
    readonly exact_kl_p_q: number;
    readonly E_k3: number;
  };
  readonly policy_loss: readonly {
    readonly ratio: number;
    readonly advantage: number;
    readonly eps_low: number;
    readonly eps_high: number;
    readonly trl_loss: number;
    readonly verl_vanilla_loss_c3: number;
    readonly trl_low_clipped: boolean;
    readonly trl_high_clipped: boolean;
    readonly dloss_dlogp_trl: number;
    readonly dloss_dlogp_verl: number;
  }[];
  readonly policy_loss_extreme: readonly {
    readonly log_ratio: number;
    readonly advantage: number;
    readonly eps: number;
    readonly verl_vanilla_loss_c3: number;
  }[];
  readonly aggregation: readonly {
    readonly id: string;
    readonly loss: readonly (readonly number[])[];
    readonly lens: readonly number[];
    readonly expected: Readonly<Record<string, number>>;
  }[];
  readonly aggregation_grad_accum: {
    readonly loss: readonly (readonly number[])[];
    readonly lens: readonly number[];
    readonly micro_batches: readonly (readonly number[])[];
    readonly true_global_token_mean: number;
    readonly trl_dapo_accumulated: number;
  };
  readonly group_filter: readonly {
    readonly group: readonly number[];
    readonly should_drop_zero_variance: boolean;
  }[];
  readonly log_softmax_entropy: readonly {
    readonly logits: readonly (readonly number[])[];
    readonly temperature: number;
    readonly log_softmax: readonly (readonly number[])[];
    readonly entropy: readonly number[];
  }[];
  readonly float32_dead_group: {
    readonly cases: readonly {
      readonly G: number;
      readonly value: number;
      readonly require_advantage: number;
    }[];
  };
  readonly end_to_end: EndToEnd;
}

export interface EndToEnd {
  readonly num_generations: number;
  readonly logits_new: number[][][];
  readonly logits_old: number[][][];
  readonly logits_ref: number[][][];
  readonly tokens: readonly (readonly number[])[];
  readonly lens: readonly number[];
  readonly rewards_per_func: readonly (readonly number[])[];
  readonly weights: readonly number[];
  readonly logp_new: readonly (readonly number[])[];
  readonly logp_old: readonly (readonly number[])[];
  readonly logp_ref: readonly (readonly number[])[];
  readonly 'trl_dapo_beta0.04_eps0.2': EndToEndExpected;
  readonly 'trl_gdpo_dapo_beta0.04_epshigh0.28': EndToEndExpected;
  readonly 'verl_token_mean_kl0.001_ent0.001': EndToEndExpected;
}

export interface EndToEndExpected {
  readonly advantages: readonly number[];
  readonly pg_loss: number;
  readonly kl_mean: number;
  readonly entropy_mean: number;
  readonly loss: number;
  readonly dloss_dlogits: readonly (readonly (readonly number[])[])[];
}

export const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/grpo/vectors.json', import.meta.url), 'utf8'),
);

/** |received − expected| ≤ 1e-6 + 1e-5 · |expected|: the vectors' tolerance for a float32 engine. */
export function isClose(received: number, expected: number, relative = 1e-5, absolute = 1e-6): boolean {
  return Math.abs(received - expected) <= absolute + relative * Math.abs(expected);
}
