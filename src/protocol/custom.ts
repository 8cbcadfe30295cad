/**
 * Custom objectives on both sides of the workers: the engine validates within these limits and scores,
 * the page draws the form within the same limits and names the curve by the same descriptor.
 */
import type { CustomObjective, ObjectiveDescriptor } from './config';

/** Lengths in UTF-16 code units. */
export const CUSTOM_LIMITS = {
  objectives: 20,
  /** A letter, then letters, digits, `-` or `_`. */
  name: 40,
  pattern: 1000,
  terms: 500,
  term: 100,
  cap: 1000,
  /** Either sign. */
  weight: 100,
} as const;

/** How an objective of the user's own is listed and drawn beside the built-in ones. */
export function customDescriptor({ name, match, where, cap }: CustomObjective): ObjectiveDescriptor {
  const what = match.kind === 'pattern' ? `matches of ${match.pattern}` : 'the listed terms';
  return {
    name,
    label: name,
    help: `Counts ${what} in the ${where}: min(matches, ${cap}) / ${cap}.`,
    aim: 'custom',
    min: 0,
    max: 1,
    source: 'Declared in this run',
  };
}
