/** What else than the policy differs between two evaluations, so that a difference is not laid to the wrong cause. */
import type { EvaluationSummary, SettingValue } from '../../../protocol';
import { preview } from '../../store/completion';
import { decodingText } from '../../store/results';
import { changes, showSetting } from '../../store/settings';
import { useStudio } from '../context';
import css from './Compare.module.css';

/** Settings that decide what is asked, answered and earned. */
const TERMS = ['prompt.', 'rewards.', 'sampling.maxCompletionTokens'];

interface TermsProps {
  readonly first: EvaluationSummary;
  readonly second: EvaluationSummary;
}

export function Terms({ first, second }: TermsProps) {
  const settings = useStudio((state) => state.ready?.settings) ?? [];
  const terms = settings.filter(({ path }) => TERMS.some((term) => path.startsWith(term)));
  const [before, after] = [decodingText(first), decodingText(second)];
  const differing = [
    ...(before === after ? [] : [`Decoding: ${before} → ${after}`]),
    ...changes(first.config, second.config, terms).map(
      ({ label, from, to }) => `${label}: ${inShort(from)} → ${inShort(to)}`,
    ),
  ];
  if (differing.length === 0)
    return <p className={css.muted}>Same prompts, rewards and decoding: the difference is the policy’s.</p>;
  return (
    <div className={css.terms}>
      <p>More than the policy differs, and may be why:</p>
      <ul>
        {differing.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </div>
  );
}

/** A system prompt may be a page long. */
const inShort = (value: SettingValue | undefined) => preview(showSetting(value), 80);
