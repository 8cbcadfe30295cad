/** A case as it was understood: its question, its options with the gold one marked, or its gold text. */
import type { ClinicalCase } from '../../../protocol';
import { formatCount } from '../../store/format';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { Verbatim } from '../kit/Verbatim';
import css from './CaseView.module.css';

export function CaseView({ row }: { readonly row: ClinicalCase }) {
  return (
    <div className={css.case}>
      <CaseChips row={row} />
      <p className={css.question}>
        <Verbatim text={row.question} />
      </p>
      <ol className={css.options}>
        {Object.entries(row.options).map(([letter, text]) => (
          <li key={letter} className={cx(letter === row.answer && css.gold)}>
            <strong>{letter}</strong> <Verbatim text={text} />
            {letter === row.answer && <span className={css.mark}> ✓ gold</span>}
          </li>
        ))}
      </ol>
      <OpenAnswer row={row} />
    </div>
  );
}

/** The gold text of an open question; nothing for the others. */
export function OpenAnswer({ row }: { readonly row: ClinicalCase }) {
  if (row.openAnswer === undefined) return null;
  return (
    <p className={css.gold}>
      <strong>Gold answer</strong> <Verbatim text={row.openAnswer} />
    </p>
  );
}

export function CaseChips({ row }: { readonly row: ClinicalCase }) {
  const gold = row.openAnswer === undefined ? `gold ${row.answer ?? 'unknown'}` : 'open question';
  return (
    <div className={css.chips}>
      <Chip>line {formatCount(row.line)}</Chip>
      <Chip>
        case <Verbatim text={row.id} />
      </Chip>
      <Chip>{gold}</Chip>
      {Object.entries(row.facets ?? {}).map(([name, value]) => (
        <Chip key={name}>
          <Verbatim text={`${name}: ${value}`} />
        </Chip>
      ))}
    </div>
  );
}
