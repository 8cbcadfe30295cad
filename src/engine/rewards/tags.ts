/**
 * The two pairs of tags that separate a completion's reasoning from its conclusion: `think` is
 * Clinical-R1's released code, `dx` is the paper (arXiv 2512.00601). Names without brackets.
 */
import type { TagSet } from '../../protocol/config';

export interface TagPair {
  readonly reasoning: string;
  readonly conclusion: string;
}

export const TAGS: Readonly<Record<TagSet, TagPair>> = {
  think: { reasoning: 'think', conclusion: 'answer' },
  dx: { reasoning: 'dx', conclusion: 'conclusion' },
};
