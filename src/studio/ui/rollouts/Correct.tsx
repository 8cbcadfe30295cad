/** ✓ or ✗, by glyph and colour; a dot where right and wrong do not apply. */
import css from './Marks.module.css';

export function Correct({ value }: { readonly value: boolean | null }) {
  if (value === null) return <span title="No gold answer">·</span>;
  return (
    <span className={value ? css.right : css.wrong} role="img" aria-label={value ? 'right' : 'wrong'}>
      {value ? '✓' : '✗'}
    </span>
  );
}
