/** Datasets beyond their rows: how unknown columns map to a case, how a set is split, what two sets share. */
import type { ClinicalCase } from './records';

/** Where a case's parts stand in rows that no known layout fits. Field names may be dotted paths. */
export interface ColumnMapping {
  readonly question: string;
  readonly options: /** One field per option, in the order A, B, C, … */
    | { readonly kind: 'fields'; readonly fields: readonly string[] }
    /** One field with a list of texts, or an object of letters and texts. */
    | { readonly kind: 'field'; readonly field: string }
    /** An open question: the answer is a text. */
    | { readonly kind: 'none' };
  /** null: unlabelled. */
  readonly answer: {
    readonly field: string;
    /** How the field names the gold option; `text`: its text, or the open answer. */
    readonly kind: 'letter' | 'zero-based' | 'one-based' | 'text';
  } | null;
  readonly id: string | null;
  /** Fields to slice results by, such as a specialty; never an explanation of the answer. */
  readonly facets: readonly string[];
}

/** The fields of a file, for the form that maps them. */
export interface ColumnReport {
  readonly name: string;
  /** `jsonl`, `json-array`, `json-object`, `csv`, `tsv`. */
  readonly container: string;
  readonly fields: readonly {
    readonly path: string;
    /** In how many of the rows looked at. */
    readonly rows: number;
    /** Up to three values, shortened. */
    readonly examples: readonly string[];
  }[];
  readonly rowsLookedAt: number;
  /** What the names suggest; null where they suggest nothing. */
  readonly suggestion: ColumnMapping | null;
}

/** What a mapping makes of a file's first rows. */
export interface MappingPreview {
  /** The first that the mapping reads. */
  readonly case: ClinicalCase | null;
  readonly rowsLookedAt: number;
  readonly rowsRead: number;
  /** The first row that it does not read, and why. */
  readonly problem: { readonly line: number; readonly kind: string; readonly message: string } | null;
}

/** Which cases of a dataset, by its seeded split. */
export type DatasetPart = 'all' | 'train' | 'held-out';

export interface PartOfDataset {
  readonly datasetId: string;
  readonly part: DatasetPart;
}

/** How a dataset's labelled cases fall into its parts. */
export interface SplitReport {
  readonly train: number;
  readonly heldOut: number;
  /** In neither part: the same case came before. */
  readonly repeats: number;
  /** In neither part: the same case stands in the file with another gold answer. */
  readonly conflicts: number;
  readonly unlabelled: number;
  /** By gold letter, or `open`, and first facet; in the order of their names, the first 200. */
  readonly strata: readonly { readonly name: string; readonly train: number; readonly heldOut: number }[];
  readonly strataInAll: number;
}

/** What a test set shares with a training set. */
export interface OverlapReport {
  readonly train: { readonly name: string; readonly part: DatasetPart; readonly rows: number };
  readonly test: { readonly name: string; readonly part: DatasetPart; readonly rows: number };
  /** Test rows whose normalised question is in the training set. */
  readonly exact: number;
  /** Test rows with at least one 13-gram of words of the training set. */
  readonly sharedAny: number;
  /** … with at least half of their 13-grams. */
  readonly sharedHalf: number;
  /** Test rows too short for a 13-gram: compared by exact match only. */
  readonly tooShort: number;
  /** The worst, at most 50: 1-based lines, the share of 13-grams, an excerpt of the test question. */
  readonly examples: readonly {
    readonly testLine: number;
    readonly trainLine: number;
    readonly share: number;
    readonly excerpt: string;
  }[];
}
