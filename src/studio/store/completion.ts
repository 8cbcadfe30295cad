/**
 * The structure of a completion for showing it: reasoning, conclusion, box, the rest. Display
 * only: what a completion earns was decided by the engine. Linear scans, no regular expression
 * over the whole text: a collapsed policy repeats itself for many kilobytes.
 */

export type PieceKind = 'text' | 'reasoning' | 'conclusion' | 'tag' | 'box';

export interface Piece {
  readonly kind: PieceKind;
  readonly text: string;
}

const REASONING = ['think', 'dx'];
const CONCLUSION = ['answer', 'conclusion'];
const BOX = '\\boxed{';
const LONGEST_TAG = '</conclusion>'.length;
const LONGEST_BOX = 200;

/** Pieces in order; joined they are the completion again. `insideReasoning`: the prompt already opened it. */
export function pieces(completion: string, insideReasoning: boolean): Piece[] {
  const out: Piece[] = [];
  const emit = (kind: PieceKind, text: string) => {
    if (text === '') return;
    const last = out.at(-1);
    if (last?.kind === kind && kind !== 'tag' && kind !== 'box')
      out[out.length - 1] = { kind, text: last.text + text };
    else out.push({ kind, text });
  };
  let kind: PieceKind = insideReasoning ? 'reasoning' : 'text';
  let at = 0;
  // Each is looked for again only once it is passed, so that all searches together read the text once.
  let box = completion.indexOf(BOX);
  let angle = completion.indexOf('<');
  while (at < completion.length) {
    if (box >= 0 && box < at) box = completion.indexOf(BOX, at);
    if (angle >= 0 && angle < at) angle = completion.indexOf('<', at);
    if (angle < 0 && box < 0) break;
    if (box >= 0 && (angle < 0 || box < angle)) {
      emit(kind, completion.slice(at, box));
      at = box + boxLength(completion, box);
      emit('box', completion.slice(box, at));
      continue;
    }
    emit(kind, completion.slice(at, angle));
    const near = completion.slice(angle, angle + LONGEST_TAG);
    const tag = near.slice(0, near.indexOf('>') + 1);
    const closing = tag[1] === '/' || tag[1] === '\\';
    const name = tag.slice(closing ? 2 : 1, -1);
    const opens = REASONING.includes(name) ? 'reasoning' : CONCLUSION.includes(name) ? 'conclusion' : null;
    if (opens) {
      emit('tag', tag);
      kind = closing ? 'text' : opens;
      at = angle + tag.length;
    } else {
      emit(kind, '<');
      at = angle + 1;
    }
  }
  emit(kind, completion.slice(at));
  return out;
}

/** A box that is not closed on its line is only its opening. */
function boxLength(text: string, start: number): number {
  const near = text.slice(start, start + LONGEST_BOX);
  const close = near.indexOf('}');
  const line = near.indexOf('\n');
  return close >= 0 && (line < 0 || close < line) ? close + 1 : BOX.length;
}

/** What the last box holds, as the completion's answer; null without a box. */
export function boxedAnswer(completion: string): string | null {
  const start = completion.lastIndexOf(BOX);
  if (start < 0) return null;
  const inside = completion.slice(start + BOX.length, start + BOX.length + 40);
  const close = inside.indexOf('}');
  return close < 0 ? null : inside.slice(0, close).trim();
}

/** Characters that change what is around them or show nothing: C0 and C1 controls, bidi, zero-width, private use. */
function isHidden(code: number): boolean {
  if (code === 0x0a) return false;
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0xad ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2060 && code <= 0x206f) ||
    (code >= 0xe000 && code <= 0xf8ff) ||
    code === 0xfeff ||
    code === 0xfffd
  );
}

export interface VisibleRun {
  readonly hidden: boolean;
  readonly text: string;
}

/** Splits text into plain runs and escaped ones: U+202E is shown as `⟨202E⟩`, a tab as `⇥`. Line feeds stay. */
export function visibleRuns(text: string): VisibleRun[] {
  const runs: VisibleRun[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isHidden(code)) continue;
    if (at > start) runs.push({ hidden: false, text: text.slice(start, at) });
    const shown = code === 0x09 ? '⇥' : `⟨${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
    runs.push({ hidden: true, text: shown });
    start = at + 1;
  }
  if (start < text.length) runs.push({ hidden: false, text: text.slice(start) });
  return runs;
}

/** One line for a table cell: white space folded, hidden characters escaped, at most `limit` long. */
export function preview(text: string, limit = 160): string {
  const folded = text
    .slice(0, limit * 2)
    .replace(/[ \t\r\n]+/g, ' ')
    .trim();
  const visible = visibleRuns(folded)
    .map((run) => run.text)
    .join('');
  return visible.length > limit ? `${visible.slice(0, limit)}…` : visible;
}
