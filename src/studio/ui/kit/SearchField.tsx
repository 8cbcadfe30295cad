/** A field that filters a list by text; the list's screen focuses it by `/`, and Escape leaves it. */
import type { RefObject } from 'react';
import { Icon } from './Icon';
import css from './SearchField.module.css';

interface SearchFieldProps {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly value: string;
  /** What can be searched for. */
  readonly placeholder: string;
  readonly onChange: (value: string) => void;
}

export function SearchField({ field, value, placeholder, onChange }: SearchFieldProps) {
  return (
    <label className={css.search}>
      <Icon name="search" size={14} />
      <input
        ref={field}
        type="search"
        value={value}
        placeholder={placeholder}
        aria-label="Filter by text"
        aria-keyshortcuts="/"
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
    </label>
  );
}
