/** One rollout taken apart: prompt, completion, the arithmetic of its reward, its place in the group. */
import type { RolloutRecord } from '../../../protocol';
import { preview } from '../../store/completion';
import { formatCount, formatFixed, formatNumber } from '../../store/format';
import { isCorrect, siblings } from '../../store/rollouts';
import { useStudio } from '../context';
import { KEYS, useKeys } from '../keys';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import { CompletionText } from './CompletionText';
import { Correct } from './Correct';
import css from './Inspector.module.css';
import { RewardArithmetic } from './RewardArithmetic';

interface InspectorProps {
  readonly rollout: RolloutRecord;
  readonly rollouts: readonly RolloutRecord[];
  readonly wide: boolean;
  readonly onWide: () => void;
  /** null closes. */
  readonly onShow: (rollout: RolloutRecord | null) => void;
}

export function Inspector({ rollout, rollouts, wide, onWide, onShow }: InspectorProps) {
  const config = useStudio((state) => state.run?.config ?? null);
  const group = siblings(rollouts, rollout);
  const at = group.findIndex(({ id }) => id === rollout.id);
  const move = (by: 1 | -1) => {
    const next = group[(at + by + group.length) % group.length];
    if (next) onShow(next);
  };
  useKeys({ nextSibling: () => move(1), previousSibling: () => move(-1) });
  return (
    <Panel
      title={`Case ${preview(rollout.caseId, 24)}`}
      className={css.inspector}
      note={`step ${formatCount(rollout.step)} · completion ${rollout.index + 1} of ${group.length} · ${formatCount(rollout.completionTokens)} tokens · mean log-prob ${formatFixed(rollout.meanLogprob)}`}
      actions={
        <>
          <Button
            label={wide ? 'Show the list' : 'Whole width'}
            bare
            tone="quiet"
            icon="expand"
            shortcut="focus"
            onClick={onWide}
          />
          <Button
            label="Close"
            bare
            tone="quiet"
            icon="close"
            shortcut="close"
            onClick={() => onShow(null)}
          />
        </>
      }
    >
      <div className={css.body}>
        <div className={css.group}>
          <fieldset className={css.siblings} aria-label={`Group of ${group.length}`}>
            {group.map((sibling) => (
              <button
                key={sibling.id}
                type="button"
                aria-pressed={sibling.id === rollout.id}
                className={cx(css.sibling, sibling.id === rollout.id && css.here)}
                onClick={() => onShow(sibling)}
              >
                {sibling.index + 1} <Correct value={isCorrect(sibling)} />{' '}
                {sibling.reward === null ? 'unscored' : formatNumber(sibling.reward)}
              </button>
            ))}
          </fieldset>
          <span className={css.keys}>
            <kbd>{KEYS.previousSibling.label}</kbd> <kbd>{KEYS.nextSibling.label}</kbd>
          </span>
        </div>
        {rollout.unscored !== undefined && (
          <p className={css.unscored}>
            Unscored: <Verbatim text={rollout.unscored} /> It is outside the group’s mean, and its advantage
            is 0.
          </p>
        )}
        <div className={css.texts}>
          <section className={css.side} aria-label="Prompt">
            <h3 className={css.heading}>
              Prompt <span>{formatCount(rollout.promptTokens)} tokens</span>
            </h3>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
            <pre className={css.text} tabIndex={0}>
              <Verbatim text={rollout.prompt} />
            </pre>
          </section>
          <section className={css.side} aria-label="Completion">
            <h3 className={css.heading}>
              Completion
              {rollout.truncated && <Chip tone="warn">cut at the token limit</Chip>}
            </h3>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
            <pre className={css.text} tabIndex={0}>
              <CompletionText
                completion={rollout.completion}
                insideReasoning={config?.prompt.addOpeningTag ?? false}
              />
            </pre>
          </section>
        </div>
        <RewardArithmetic rollout={rollout} group={group} config={config} />
      </div>
    </Panel>
  );
}
