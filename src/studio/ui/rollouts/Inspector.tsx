/**
 * One rollout taken apart: its case, its completion, what every objective found in both, the
 * arithmetic of its reward, its place in the group; and the completion edited and scored anew.
 */
import { useState } from 'react';
import type { RolloutRecord } from '../../../protocol';
import { preview } from '../../store/completion';
import { formatCount, formatFixed, formatNumber } from '../../store/format';
import { isCorrect, siblings } from '../../store/rollouts';
import { useIsPainted } from '../context';
import { KEYS, useKeys } from '../keys';
import { Button } from '../kit/Button';
import { cx } from '../kit/cx';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import { Correct } from './Correct';
import { Inspection } from './Inspection';
import css from './Inspector.module.css';
import { useDrafts } from './useDrafts';

interface InspectorProps {
  readonly rollout: RolloutRecord;
  readonly rollouts: readonly RolloutRecord[];
  readonly wide: boolean;
  readonly onWide: () => void;
  /** null closes. */
  readonly onShow: (rollout: RolloutRecord | null) => void;
}

export function Inspector({ rollout, rollouts, wide, onWide, onShow }: InspectorProps) {
  const [editing, setEditing] = useState(false);
  const drafts = useDrafts();
  const isPainted = useIsPainted();
  const group = siblings(rollouts, rollout);
  const at = group.findIndex(({ id }) => id === rollout.id);
  const move = (by: 1 | -1) => {
    const next = group[(at + by + group.length) % group.length];
    if (next) onShow(next);
  };
  const edit = () => setEditing(!editing);
  useKeys({ nextSibling: () => move(1), previousSibling: () => move(-1), edit });
  return (
    <Panel
      title={`Case ${preview(rollout.caseId, 24)}`}
      className={css.inspector}
      note={`step ${formatCount(rollout.step)} · completion ${rollout.index + 1} of ${group.length} · ${formatCount(rollout.completionTokens)} tokens · mean log-prob ${formatFixed(rollout.meanLogprob)}`}
      actions={
        <>
          {!editing && (
            <Button
              label="Edit"
              tone="quiet"
              shortcut="edit"
              hint="Edit the completion and score it anew"
              onClick={edit}
            />
          )}
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
        {isPainted && (
          <Inspection
            rollout={rollout}
            group={group}
            draft={editing ? drafts(rollout.id, rollout.completion) : null}
            onDone={edit}
          />
        )}
      </div>
    </Panel>
  );
}
