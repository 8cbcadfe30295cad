/** Text from a file or a policy, shown as it is: isolated in its direction, hidden characters escaped. */
import { memo } from 'react';
import { visibleRuns } from '../../store/completion';
import css from './Verbatim.module.css';

export const Verbatim = memo(({ text }: { readonly text: string }) => (
  <bdi>
    {visibleRuns(text).map((run, index) =>
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
));
