/**
 * What is known of datasets beyond their summaries: a file that waits for the person's word, and
 * what was compared with what. Pure: `reduce` calls these.
 */
import type { ColumnReport, OverlapReport, PartOfDataset, RunConfig } from '../../protocol';
import type { MappingDraft } from './mapping';

/** A file that cannot be read without a word from the person; the session holds its bytes. */
export type UnreadFile = { readonly name: string /** Why it was not read. */; readonly reason: string } & (
  | { readonly need: 'columns'; readonly report: ColumnReport; readonly draft: MappingDraft }
  /** MedMCQA whose answer numbers may count from 0 or from 1. */
  | { readonly need: 'answer-base' }
);

export interface Comparison {
  readonly train: PartOfDataset;
  readonly test: PartOfDataset;
  readonly split: RunConfig['data'];
}

export interface DataState {
  readonly unread: UnreadFile | null;
  /** Newest last, one for each comparison. */
  readonly overlaps: readonly { readonly of: Comparison; readonly report: OverlapReport }[];
  readonly comparing: { readonly of: Comparison; readonly done: number; readonly total: number } | null;
}

export const noData: DataState = { unread: null, overlaps: [], comparing: null };

const OVERLAPS_KEPT = 20;

/** The mapping as far as it was made; nothing where no file waits for one. */
export function draftUnread(state: DataState, draft: MappingDraft): DataState {
  const { unread } = state;
  return unread?.need === 'columns' ? { ...state, unread: { ...unread, draft } } : state;
}

/** Two comparisons of the same cases have the same key; the split matters only to parts. */
function comparisonKey({ train, test, split }: Comparison): string {
  const splits = train.part !== 'all' || test.part !== 'all';
  return JSON.stringify([
    [train.datasetId, train.part],
    [test.datasetId, test.part],
    splits && [split.heldOutFraction, split.splitSeed],
  ]);
}

export function isSameComparison(a: Comparison, b: Comparison): boolean {
  return comparisonKey(a) === comparisonKey(b);
}

/** undefined: not compared yet. */
export function findOverlap(state: DataState, of: Comparison): OverlapReport | undefined {
  return state.overlaps.find((each) => isSameComparison(each.of, of))?.report;
}

export function putOverlap(state: DataState, of: Comparison, report: OverlapReport): DataState {
  const others = state.overlaps.filter((each) => !isSameComparison(each.of, of));
  return { ...state, overlaps: [...others, { of, report }].slice(-OVERLAPS_KEPT) };
}

/** News of a comparison that was let go is old news. */
export function advanceComparison(state: DataState, done: number, total: number): DataState {
  return state.comparing === null ? state : { ...state, comparing: { ...state.comparing, done, total } };
}

export function withoutDataset(state: DataState, datasetId: string): DataState {
  const isOf = ({ train, test }: Comparison) => train.datasetId === datasetId || test.datasetId === datasetId;
  return { ...state, overlaps: state.overlaps.filter(({ of }) => !isOf(of)) };
}

/**
 * The training set and what a run holds out of it; null where nothing is held out. Its two parts
 * share no question, but may share most of their words.
 */
export function heldOutComparison(datasetId: string | null, draft: RunConfig | null): Comparison | null {
  if (datasetId === null || draft === null || !(draft.data.heldOutFraction > 0)) return null;
  return {
    train: { datasetId, part: 'train' },
    test: { datasetId, part: 'held-out' },
    split: draft.data,
  };
}
