/** The session's question, where only the person can decide. */
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { Dialog } from '../kit/Dialog';
import css from './KeySheet.module.css';

export function QuestionDialog() {
  const session = useSession();
  const question = useStudio((state) => state.question);
  if (!question) return null;
  return (
    <Dialog title={question.title} onClose={() => session.voice.answer(false)}>
      <p>{question.text}</p>
      <div className={css.end}>
        <Button label="Cancel" onClick={() => session.voice.answer(false)} />
        <Button label={question.confirm} tone="primary" onClick={() => session.voice.answer(true)} />
      </div>
    </Dialog>
  );
}
