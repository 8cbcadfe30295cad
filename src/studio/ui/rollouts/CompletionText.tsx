/** A completion with its structure visible (tags, reasoning, conclusion, box) and the evidence on it. */
import { memo, useMemo } from 'react';
import { type PieceKind, pieces } from '../../store/completion';
import { completionMarks } from '../../store/evidence';
import css from './CompletionText.module.css';
import { MarkedText, type Pointing } from './MarkedText';

interface CompletionTextProps {
  readonly completion: string;
  /** The prompt ends with the opening tag. */
  readonly insideReasoning: boolean;
  readonly pointing: Pointing;
}

const LABELS: Partial<Record<PieceKind, string>> = {
  reasoning: 'Reasoning',
  conclusion: 'Conclusion',
  box: 'Boxed answer',
};

export const CompletionText = memo(({ completion, insideReasoning, pointing }: CompletionTextProps) => {
  const placed = useMemo(() => placedPieces(completion, insideReasoning), [completion, insideReasoning]);
  const { entries } = pointing;
  const marks = useMemo(() => completionMarks(entries), [entries]);
  if (completion === '') return <span className={css.tag}>(the completion is empty)</span>;
  return placed.map(({ kind, text, start }) => (
    <span key={start} className={css[kind]} title={LABELS[kind]}>
      <MarkedText text={text} from={start} marks={marks} pointing={pointing} />
    </span>
  ));
});

/** A collapsed policy may write nothing but tags; beyond so many pieces the rest is shown as it is. */
const MOST_PIECES = 500;

function placedPieces(completion: string, insideReasoning: boolean) {
  let end = 0;
  const placed = pieces(completion, insideReasoning)
    .slice(0, MOST_PIECES)
    .map(({ kind, text }) => {
      const start = end;
      end += text.length;
      return { kind, text, start };
    });
  if (end < completion.length) placed.push({ kind: 'text', text: completion.slice(end), start: end });
  return placed;
}
