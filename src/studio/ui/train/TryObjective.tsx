/** A text to try an objective on: what it finds there, marked, and what that is worth. */
import { type ReactNode, useId } from 'react';
import type { EvidenceSpan } from '../../../protocol';
import { Verbatim } from '../kit/Verbatim';
import css from './TryObjective.module.css';
import type { Trial } from './useTrial';

/** Longer texts are for a run; the scorer takes them, the page need not show them. */
const LONGEST_TEXT = 100_000;

export function TryObjective({ trial: { text, setText, found, error } }: { readonly trial: Trial }) {
  const id = useId();
  const evidence = error ? null : (found?.evidence ?? null);
  return (
    <section className={css.trial} aria-label="Try it">
      <label htmlFor={id}>Try it on a text</label>
      <textarea
        id={id}
        rows={4}
        className={css.text}
        value={text}
        maxLength={LONGEST_TEXT}
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
      />
      <p role="status" className={css.value}>
        {error
          ? 'Nothing is counted yet.'
          : evidence
            ? `${matches(evidence.counts.matches ?? 0)}. Value: ${evidence.arithmetic}`
            : 'Matches appear here once the objective is whole.'}
      </p>
      {found && evidence && evidence.spans.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard
        <section className={css.found} tabIndex={0} aria-label="The text with its matches">
          {marked(found.text, evidence.spans)}
        </section>
      )}
    </section>
  );
}

const matches = (count: number): string => (count === 1 ? '1 match' : `${count} matches`);

function marked(text: string, spans: readonly EvidenceSpan[]): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    parts.push(<Verbatim key={at} text={text.slice(at, start)} />);
    parts.push(
      <mark key={`match-${start}`}>
        <Verbatim text={text.slice(start, end)} />
      </mark>,
    );
    at = end;
  }
  return [...parts, <Verbatim key={at} text={text.slice(at)} />];
}
