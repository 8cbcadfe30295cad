/** A rollout's case and completion, the objectives, and the evidence of the chosen one on both texts. */
import { type ReactNode, type RefObject, useMemo, useRef } from 'react';
import type { RolloutRecord } from '../../../protocol';
import { objectivesOf, type RewardPart, rewardParts } from '../../store/arithmetic';
import { boxedAnswer } from '../../store/completion';
import { entriesOf } from '../../store/evidence';
import { formatCount } from '../../store/format';
import { editedInput, recordedInput } from '../../store/scoring-input';
import { useStudio } from '../context';
import { KEYS, useKeys } from '../keys';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { Verbatim } from '../kit/Verbatim';
import { useQuery } from '../query';
import { objectiveStyles } from '../train/objectiveStyle';
import { AdvantageLine } from './AdvantageLine';
import { CaseText } from './CaseText';
import { CompletionText } from './CompletionText';
import { EditCompletion } from './EditCompletion';
import { EditedTable } from './EditedTable';
import { EvidencePanel } from './EvidencePanel';
import css from './Inspection.module.css';
import { useMarkInSight } from './MarkedText';
import { RewardTable } from './RewardTable';
import type { Draft } from './useDrafts';
import { usePointing } from './usePointing';
import { type Scoring, useScored } from './useScored';

/** A person types; each pause is scored. */
const EDIT_DELAY_MS = 150;

interface InspectionProps {
  readonly rollout: RolloutRecord;
  readonly group: readonly RolloutRecord[];
  /** null: the text is not being edited. */
  readonly draft: Draft | null;
  readonly onDone: () => void;
}

export function Inspection({ rollout, group, draft, onDone }: InspectionProps) {
  const config = useStudio((state) => state.run?.config);
  const recorded = useRecordedInput(rollout);
  const draftText = draft?.text;
  const changed = useMemo(
    () => (recorded && draftText !== undefined ? editedInput(recorded, draftText) : null),
    [recorded, draftText],
  );
  const original = useScored(rollout.id, recorded, config?.rewards, 0);
  const edited = useScored(rollout.id, changed, config?.rewards, EDIT_DELAY_MS);
  const shown = draft ? edited : original;
  const text = draft ? (edited.input?.completion ?? draft.text) : rollout.completion;

  const { objectives, styles } = useObjectives();
  const parts = rewardParts(rollout, objectives, config?.rewards, original.scored);
  const [asked, setAsked] = useQuery('objective', '');
  const chosen = chosenObjective(asked, parts);
  const evidence = shown.scored && chosen ? (shown.scored.evidence[chosen.name] ?? null) : undefined;
  const entries = useMemo(() => (evidence ? entriesOf(evidence, text) : []), [evidence, text]);
  const { pointing, sought } = usePointing(entries);

  const caseBox = useRef<HTMLDivElement>(null);
  const completionBox = useRef<HTMLPreElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useMarkInSight(caseBox, sought);
  useMarkInSight(completionBox, sought);
  useKeys({
    objective: (digit) => {
      const part = parts[KEYS.objective.any.indexOf(digit)];
      if (!part) return;
      setAsked(part.objective.name);
      list.current?.focus();
    },
  });
  const rows = { parts, styles, chosen: chosen?.name ?? null, onChoose: setAsked };
  return (
    <>
      <Trouble rollout={rollout} scoring={shown} asked={recorded !== null} />
      <div className={css.inspection}>
        <div className={css.texts}>
          <CaseSide rollout={rollout} box={caseBox}>
            {rollout.case && (
              <CaseText scoredCase={rollout.case} said={boxedAnswer(text)} pointing={pointing} />
            )}
          </CaseSide>
          <section className={css.side} aria-label="Completion">
            <h3 className={css.heading}>
              Completion
              {rollout.truncated && <Chip tone="warn">cut at the token limit</Chip>}
            </h3>
            {draft && (
              <EditCompletion
                draft={draft}
                settled={edited.input?.completion ?? null}
                tokens={changed?.length?.tokens ?? 0}
                onDone={onDone}
              />
            )}
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
            <pre key={rollout.id} className={css.text} tabIndex={0} ref={completionBox}>
              <CompletionText
                completion={text}
                insideReasoning={config?.prompt.addOpeningTag ?? false}
                pointing={pointing}
              />
            </pre>
          </section>
        </div>
        <div className={css.why}>
          {draft && config ? (
            <EditedTable
              {...rows}
              rollout={rollout}
              group={group}
              settings={config.advantage}
              edited={edited.scored}
            />
          ) : (
            <RewardTable {...rows} rollout={rollout} now={original.scored} />
          )}
          {chosen && (
            <EvidencePanel
              objective={chosen}
              style={styles.get(chosen.name)!}
              evidence={evidence}
              pointing={pointing}
              list={list}
            />
          )}
        </div>
      </div>
      <AdvantageLine rollout={rollout} group={group} settings={config?.advantage} />
    </>
  );
}

/** null while something is missing that scoring needs: a run, its model, or the rollout's case. */
function useRecordedInput(rollout: RolloutRecord) {
  const prompt = useStudio((state) => state.run?.config.prompt);
  const limit = useStudio((state) => state.run?.config.sampling.maxCompletionTokens);
  const eos = useStudio((state) => state.model?.eosToken);
  const { tags, addOpeningTag } = prompt ?? {};
  return useMemo(
    () =>
      rollout.case && tags && addOpeningTag !== undefined && limit !== undefined && eos
        ? recordedInput(rollout, { tags, addOpeningTag, eos, limit })
        : null,
    [rollout, tags, addOpeningTag, limit, eos],
  );
}

function useObjectives() {
  const builtIn = useStudio((state) => state.ready?.objectives);
  const custom = useStudio((state) => state.run?.config.rewards.custom);
  return useMemo(() => {
    const objectives = objectivesOf(builtIn ?? [], custom ?? []);
    return { objectives, styles: objectiveStyles(objectives) };
  }, [builtIn, custom]);
}

/** What was asked for; else the first that reads the case, as that has most to show. */
function chosenObjective(asked: string, parts: readonly RewardPart[]) {
  const part =
    parts.find(({ objective }) => objective.name === asked) ??
    parts.find(({ objective, value }) => objective.aim === 'faithfulness' && value !== null) ??
    parts[0];
  return part?.objective ?? null;
}

interface CaseSideProps {
  readonly rollout: RolloutRecord;
  readonly box: RefObject<HTMLDivElement | null>;
  readonly children: ReactNode;
}

function CaseSide({ rollout, box, children }: CaseSideProps) {
  return (
    <div className={css.side}>
      <section className={cx(css.side, css.fit)} aria-label="Case">
        <h3 className={css.heading}>Case</h3>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
        <div key={`${rollout.step}/${rollout.group}`} className={css.text} tabIndex={0} ref={box}>
          {children ?? 'This rollout was recorded without its case; its prompt has it.'}
        </div>
      </section>
      <section aria-label="Prompt">
        <details>
          <summary className={css.heading}>
            Prompt <span>{formatCount(rollout.promptTokens)} tokens, as the policy read it</span>
          </summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
          <pre className={css.text} tabIndex={0}>
            <Verbatim text={rollout.prompt} />
          </pre>
        </details>
      </section>
    </div>
  );
}

interface TroubleProps {
  readonly rollout: RolloutRecord;
  readonly scoring: Scoring;
  /** Whether the scorer could be asked at all. */
  readonly asked: boolean;
}

/** Why there is no evidence, and what can be done. */
function Trouble({ rollout, scoring: { error, retry }, asked }: TroubleProps) {
  if (error)
    return (
      <div role="alert" className={css.trouble}>
        <span>
          <Verbatim text={error.message} /> {error.action}
        </span>
        <Button label="Score again" onClick={retry} />
      </div>
    );
  if (asked) return null;
  return (
    <p className={css.trouble}>
      {rollout.case
        ? 'Load the run’s model to see the evidence: scoring needs its end-of-sequence text.'
        : 'There is no evidence: this rollout was recorded without its case.'}
    </p>
  );
}
