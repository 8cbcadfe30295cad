/** Text from a file or a policy, shown as it is: isolated in its direction, hidden characters escaped. */
import { memo } from 'react';
import { visibleRuns } from '../../store/completion';
import css from './Verbatim.module.css';

/** A text of more pieces keeps its escapes, but without their frames: a page of 60,000 elements stands still. */
const MOST_FRAMES = 2_000;

export const Verbatim = memo(({ text }: { readonly text: string }) => {
  const runs = visibleRuns(text);
  if (runs.length > MOST_FRAMES) return <bdi>{runs.map((run) => run.text).join('')}</bdi>;
  return (
    <bdi>
      {runs.map((run, index) =>
        run.hidden ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the runs of one text have no other identity
          <span key={index} className={css.hidden}>
            {run.text}
          </span>
        ) : (
          run.text
        ),
      )}
    </bdi>
  );
});
