/**
 * CSV (RFC 4180) that is safe to open in a spreadsheet: a text that would be read as a formula gets
 * an apostrophe in front (OWASP, "CSV injection"). Numbers are written as they are.
 */
type Cell = string | number | boolean | null;

/** Signs, also in full width, and what spreadsheets skip before one. */
const FORMULA_START = /^[\s\p{Cc}]*[=+\-@＝＋－＠]|^\p{Cc}/u;

/** One record with its line break; null is an empty field. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(field).join(',')}\r\n`;
}

function field(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = FORMULA_START.test(cell) ? `'${cell}` : cell;
  return /[",\r\n']/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
