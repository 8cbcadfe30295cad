/** A titled part of a screen. What fails to draw inside it fails alone. */
import { Component, type ReactNode, useId } from 'react';
import { Button } from './Button';
import { cx } from './cx';
import css from './Panel.module.css';

interface PanelProps {
  readonly title: string;
  /** Beside the title: counts, a state. */
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  /** No padding: a table or a list fills it. */
  readonly flush?: boolean;
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

export function Panel({ title, note, actions, flush, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={cx(css.panel, className)} aria-labelledby={id}>
      <header className={css.header}>
        <h2 id={id} className={css.title}>
          {title}
        </h2>
        {note !== undefined && <div className={css.note}>{note}</div>}
        {actions && <div className={css.actions}>{actions}</div>}
      </header>
      <div className={cx(css.body, flush && css.flush)}>
        <ErrorBoundary name={title}>{children}</ErrorBoundary>
      </div>
    </section>
  );
}

interface BoundaryProps {
  readonly name: string;
  readonly children: ReactNode;
}

/** Keeps a drawing error to the part it happened in, says so, and offers another try. */
export class ErrorBoundary extends Component<BoundaryProps, { readonly message: string | null }> {
  override state = { message: null };

  static getDerivedStateFromError(thrown: unknown) {
    return { message: thrown instanceof Error ? thrown.message : String(thrown) };
  }

  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <div role="alert" className={css.broken}>
        <p>
          internal: “{this.props.name}” could not be drawn: {this.state.message}
        </p>
        <p>Training is not affected.</p>
        <Button label="Draw again" onClick={() => this.setState({ message: null })} />
      </div>
    );
  }
}
