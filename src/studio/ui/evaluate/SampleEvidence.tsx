/** A case beside one of its completions, the objectives, and the evidence of the chosen one on both texts. */
import { useMemo, useRef, useState } from 'react';
import type { EvaluatedSample, RunConfig, ScoredCase, ScoringInput } from '../../../protocol';
import { weightOf } from '../../store/arithmetic';
import { boxedAnswer } from '../../store/completion';
import { entriesOf } from '../../store/evidence';
import { formatFixed } from '../../store/format';
import { useStudio } from '../context';
import { useKeys } from '../keys';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { Verbatim } from '../kit/Verbatim';
import { CaseText } from '../rollouts/CaseText';
import { CompletionText } from '../rollouts/CompletionText';
import { EvidencePanel } from '../rollouts/EvidencePanel';
import { useMarkInSight } from '../rollouts/MarkedText';
import { ObjectiveName } from '../rollouts/ObjectiveName';
import { usePointing } from '../rollouts/usePointing';
import { useScored } from '../rollouts/useScored';
import { objectiveStyles } from '../train/objectiveStyle';
import css from './SampleEvidence.module.css';
import { SampleHeading } from './SampleHeading';
import { useObjectives } from './useObjectives';

interface SampleEvidenceProps {
  /** Names the completion. */
  readonly of: string;
  readonly scoredCase: ScoredCase;
  readonly sample: EvaluatedSample;
  readonly config: RunConfig;
}

export function SampleEvidence({ of, scoredCase, sample, config }: SampleEvidenceProps) {
  const objectives = useObjectives(config);
  const styles = useMemo(() => objectiveStyles(objectives), [objectives]);
  const [asked, setAsked] = useState<string | null>(null);
  const shown = objectives.filter(({ name }) => name in sample.rewards);
  const chosen = shown.find(({ name }) => name === asked) ?? null;

  const input = useScoringInput(scoredCase, sample, config, chosen !== null);
  const { scored, error, retry } = useScored(of, input, config.rewards, 0);
  const evidence = scored && chosen ? (scored.evidence[chosen.name] ?? null) : undefined;
  const entries = useMemo(
    () => (evidence ? entriesOf(evidence, sample.completion) : []),
    [evidence, sample.completion],
  );
  const { pointing, sought } = usePointing(entries);
  const caseBox = useRef<HTMLDivElement>(null);
  const completionBox = useRef<HTMLPreElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useMarkInSight(caseBox, sought);
  useMarkInSight(completionBox, sought);
  useKeys({
    objective: (digit) => {
      const objective = shown[Number(digit) - 1];
      if (objective) setAsked(objective.name);
    },
  });
  return (
    <div className={css.sample}>
      <div className={css.pair}>
        <section className={css.side} aria-label="Case">
          <h3>Case</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
          <div className={css.text} tabIndex={0} ref={caseBox}>
            <CaseText scoredCase={scoredCase} said={boxedAnswer(sample.completion)} pointing={pointing} />
          </div>
        </section>
        <section className={css.side} aria-label="Completion">
          <SampleHeading sample={sample} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
          <pre className={css.text} tabIndex={0} ref={completionBox}>
            <CompletionText
              completion={sample.completion}
              insideReasoning={config.prompt.addOpeningTag}
              pointing={pointing}
            />
          </pre>
        </section>
      </div>
      <div className={css.pair}>
        <table className={css.values}>
          <caption>Press an objective to see why it has its value.</caption>
          <thead>
            <tr>
              <th scope="col">Objective</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((objective, position) => {
              const { name, label } = objective;
              const value = sample.rewards[name] ?? null;
              const watched = weightOf(name, config.rewards) === 0;
              return (
                <tr
                  key={name}
                  className={cx(watched && css.watched)}
                  title={watched ? `${label} has no weight` : undefined}
                >
                  <th scope="row">
                    <ObjectiveName
                      objective={objective}
                      style={styles.get(name)!}
                      value={value}
                      position={position}
                      chosen={objective === chosen}
                      onChoose={() => setAsked(objective === chosen ? null : name)}
                    />
                  </th>
                  <td>{value === null ? 'does not apply' : formatFixed(value, 3)}</td>
                </tr>
              );
            })}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">Reward</th>
              <td>{formatFixed(sample.reward, 3)}</td>
            </tr>
          </tfoot>
        </table>
        {chosen &&
          (input === null ? (
            <p className={css.trouble}>
              Load a model to see the evidence: its end-of-sequence text is needed.
            </p>
          ) : error ? (
            <div role="alert" className={css.trouble}>
              <Verbatim text={error.message} /> {error.action}
              <Button label="Score again" onClick={retry} />
            </div>
          ) : (
            <EvidencePanel
              objective={chosen}
              style={styles.get(chosen.name)!}
              evidence={evidence}
              pointing={pointing}
              list={list}
            />
          ))}
      </div>
    </div>
  );
}

/** What the trainer asked when it scored the completion; null: nothing is asked, or no model is loaded. */
function useScoringInput(
  scoredCase: ScoredCase,
  { completion, tokens }: EvaluatedSample,
  { prompt, sampling }: RunConfig,
  wanted: boolean,
): ScoringInput | null {
  const eos = useStudio((state) => state.model?.eosToken);
  const { tags, addOpeningTag } = prompt;
  const limit = sampling.maxCompletionTokens;
  return useMemo(
    () =>
      wanted && eos
        ? {
            tags,
            addOpeningTag,
            eos,
            completion,
            case: scoredCase,
            ...(tokens !== null && { length: { tokens, limit } }),
          }
        : null,
    [wanted, eos, tags, addOpeningTag, completion, scoredCase, tokens, limit],
  );
}
