/**
 * What decoding keeps on the device between its kernels, so that one recorded token step can be
 * replayed without the CPU: i32 [rows, STATE_WIDTH], a row per rollout. Rows that still decode occupy
 * slots: slotRow u32 [slots] names the row of each.
 *
 * The token fed at a step is the last one sampled, number `generated` − 1 of the completion: its key
 * and value go to that position of the row's own cache, and its position for RoPE is
 * promptLength + generated − 1.
 */

/** Values per row of the state. */
export const STATE_WIDTH = 8;

/** Which value of a row is what. */
export const STATE = {
  /** The token to feed: the last one sampled. */
  token: 0,
  /** Completion tokens sampled so far. */
  generated: 1,
  /** 1: the row has ended, and no kernel changes it any more. */
  done: 2,
  /** First row of its prompt in the prompt cache; completions of a group share it. */
  promptStart: 3,
  /** Tokens of its prompt. */
  promptLength: 4,
  /** uint32: the first counter of its draws; the second is `generated`. */
  draw: 5,
} as const;

/** Sampled tokens and log-probs lie in rings: number n of a row's completion at [n mod BLOCK, row]. */
export const BLOCK = 16;
