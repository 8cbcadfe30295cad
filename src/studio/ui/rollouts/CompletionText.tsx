/** A completion with its structure visible: tags, reasoning, conclusion, box. */
import { memo } from 'react';
import { type PieceKind, pieces } from '../../store/completion';
import { Verbatim } from '../kit/Verbatim';
import css from './CompletionText.module.css';

interface CompletionTextProps {
  readonly completion: string;
  /** The prompt ends with the opening tag. */
  readonly insideReasoning: boolean;
}

const LABELS: Partial<Record<PieceKind, string>> = {
  reasoning: 'Reasoning',
  conclusion: 'Conclusion',
  box: 'Boxed answer',
};

export const CompletionText = memo(({ completion, insideReasoning }: CompletionTextProps) => {
  if (completion === '') return <span className={css.tag}>(the completion is empty)</span>;
  return pieces(completion, insideReasoning).map(({ kind, text }, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of one text have no other identity
    <span key={index} className={css[kind]} title={LABELS[kind]}>
      <Verbatim text={text} />
    </span>
  ));
});
