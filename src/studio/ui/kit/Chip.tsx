/** A short fact in a frame: a state, a backend, a count. */
import type { ReactNode } from 'react';
import css from './Chip.module.css';
import { cx } from './cx';

interface ChipProps {
  readonly tone?: 'plain' | 'accent' | 'warn' | 'bad' | 'ok';
  readonly title?: string | undefined;
  readonly children: ReactNode;
}

export const Chip = ({ tone = 'plain', title, children }: ChipProps) => (
  <span className={cx(css.chip, css[tone])} title={title}>
    {children}
  </span>
);
