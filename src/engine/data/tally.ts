/** Counts what an import met: the numbers behind a `DatasetSummary`. */
import type { ClinicalCase, DatasetIssue, DatasetSummary } from '../../protocol';
import type { Layout, Repair } from './layout';

const LISTED_ISSUES = 100;

type Counts = Record<string, number>;

function count(counts: Counts, kind: string, by = 1): void {
  counts[kind] = (counts[kind] ?? 0) + by;
}

export class Tally {
  rows = 0;
  badLines = 0;
  #unlabelled = 0;
  #open = 0;
  readonly #issueCounts: Counts = {};
  readonly #repairs: Counts = {};
  readonly #optionCounts: Counts = {};
  readonly #answerCounts: Counts = {};
  readonly #bad: DatasetIssue[] = [];
  readonly #flagged: DatasetIssue[] = [];

  addCase(row: ClinicalCase, repairs: Iterable<Repair>): void {
    this.rows++;
    if (row.answer !== null) count(this.#answerCounts, row.answer);
    else if (row.openAnswer !== undefined) this.#open++;
    else this.#unlabelled++;
    count(this.#optionCounts, String(Object.keys(row.options).length));
    for (const repair of repairs) count(this.#repairs, repair);
  }

  addBadLine(issue: DatasetIssue): void {
    this.badLines++;
    count(this.#issueCounts, issue.kind);
    if (this.#bad.length < LISTED_ISSUES) this.#bad.push(issue);
  }

  /** An issue of a row that is kept. */
  addFlag(issue: DatasetIssue): void {
    count(this.#issueCounts, issue.kind);
    if (this.#flagged.length < LISTED_ISSUES) this.#flagged.push(issue);
  }

  addFileRepair(kind: 'byte-order-mark' | 'crlf', lines: number): void {
    if (lines > 0) count(this.#repairs, kind, lines);
  }

  get firstIssue(): DatasetIssue | undefined {
    return this.#bad[0];
  }

  /** Bad lines come before flagged rows in the list of issues. */
  summary(file: { id: string; name: string; bytes: number }, layout: Layout): DatasetSummary {
    return {
      ...file,
      layout: layout.name,
      layoutLabel: `${layout.label}, ${this.#optionRange()}`,
      ...(layout.licence === null ? {} : { licence: layout.licence }),
      ...(layout.citation === null ? {} : { citation: layout.citation }),
      rows: this.rows,
      unlabelled: this.#unlabelled,
      ...(this.#open === 0 ? {} : { open: this.#open }),
      badLines: this.badLines,
      badLinesSkipped: false,
      issueCounts: this.#issueCounts,
      issues: [...this.#bad, ...this.#flagged].slice(0, LISTED_ISSUES),
      repairs: this.#repairs,
      optionCounts: this.#optionCounts,
      answerCounts: this.#answerCounts,
    };
  }

  #optionRange(): string {
    const sizes = Object.keys(this.#optionCounts).map(Number);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    if (most === 0) return 'open questions';
    return least === most ? `${least} options` : `${least} to ${most} options`;
  }
}
