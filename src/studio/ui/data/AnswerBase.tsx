/** MedMCQA whose answer numbers may count from 0 or from 1: only the person can say, so they are asked. */
import { useState } from 'react';
import { useSession } from '../context';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import css from './AnswerBase.module.css';

const CHOICES = [
  {
    base: 1,
    label: 'From 1: cop 1 is option A',
    from: 'the original files, and most copies of them',
  },
  {
    base: 0,
    label: 'From 0: cop 0 is option A',
    from: 'the files on Hugging Face (openlifescienceai/medmcqa)',
  },
] as const;

export function AnswerBase({ name, reason }: { readonly name: string; readonly reason: string }) {
  const session = useSession();
  const [reading, setReading] = useState(false);
  const answer = async (copBase: 0 | 1) => {
    setReading(true);
    if (!(await session.librarian.readUnread({ copBase }))) setReading(false);
  };
  return (
    <Panel title={`From which number does ${name} count its answers?`}>
      <div className={css.question}>
        <p>
          <Verbatim text={reason} />
        </p>
        <p>The wrong choice moves every gold answer by one letter. Where did the file come from?</p>
        <ul className={css.choices}>
          {CHOICES.map(({ base, label, from }) => (
            <li key={base}>
              <Button label={label} tone="primary" disabled={reading} onClick={() => answer(base)} />
              <span>{from}</span>
            </li>
          ))}
        </ul>
        <div>
          <Button label="Cancel" onClick={() => session.librarian.letGo()} />
        </div>
      </div>
    </Panel>
  );
}
