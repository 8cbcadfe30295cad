/** A button whose label, tooltip and keyboard shortcut come from one place. */
import type { ButtonHTMLAttributes } from 'react';
import { KEYS, type KeyName } from '../keys';
import css from './Button.module.css';
import { cx } from './cx';
import { Icon, type IconName } from './Icon';

interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children' | 'type'> {
  readonly label: string;
  readonly icon?: IconName;
  /** Only the icon is drawn; the label is what a screen reader and the tooltip say. */
  readonly bare?: boolean;
  readonly tone?: 'primary' | 'plain' | 'quiet' | 'danger';
  readonly large?: boolean;
  /** Shown in the tooltip; the binding itself is made by `useKeys`. */
  readonly shortcut?: KeyName;
  readonly hint?: string;
  /** It sends the form it stands in, as the Enter key does. */
  readonly submit?: boolean;
}

export function Button(props: ButtonProps) {
  const { label, icon, bare, tone = 'plain', large, shortcut, hint, submit, className, ...rest } = props;
  const key = shortcut && KEYS[shortcut];
  const tooltip = [hint ?? (bare || key ? label : null), key && `(${key.label})`].filter(Boolean).join(' ');
  return (
    <button
      type={submit ? 'submit' : 'button'}
      className={cx(css.button, css[tone], large && css.large, bare && css.bare, className)}
      title={tooltip || undefined}
      aria-label={bare ? label : undefined}
      aria-keyshortcuts={key?.aria}
      {...rest}
    >
      {icon && <Icon name={icon} size={large ? 18 : 16} />}
      {!bare && <span>{label}</span>}
      {!bare && key && <kbd className={css.key}>{key.label}</kbd>}
    </button>
  );
}
