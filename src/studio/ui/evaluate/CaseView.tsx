/** One evaluated case: its question and options, and each completion with what it earned and why. */
import { useState } from 'react';
import type { EvaluatedCase, RunConfig } from '../../../protocol';
import { preview } from '../../store/completion';
import { formatCount, formatNumber } from '../../store/format';
import { KEYS, useKeys } from '../keys';
import { Button } from '../kit/Button';
import { Chip } from '../kit/Chip';
import { cx } from '../kit/cx';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import { Correct } from '../rollouts/Correct';
import css from './CaseView.module.css';
import { SampleEvidence } from './SampleEvidence';

interface CaseViewProps {
  /** null: on its way. */
  readonly evaluated: EvaluatedCase | null;
  readonly config: RunConfig;
  readonly onClose: () => void;
}

export function CaseView({ evaluated, config, onClose }: CaseViewProps) {
  const [chosen, setChosen] = useState(0);
  const count = evaluated?.samples.length ?? 0;
  useKeys({
    nextSibling: count > 1 ? () => setChosen((chosen + 1) % count) : undefined,
    previousSibling: count > 1 ? () => setChosen((chosen + count - 1) % count) : undefined,
  });
  const sample = evaluated?.samples[chosen];
  return (
    <Panel
      title={evaluated ? `Case ${preview(evaluated.case.id, 24)}` : 'Case'}
      className={css.panel}
      note={evaluated && <CaseFacts evaluated={evaluated} />}
      actions={<Button label="Close" bare tone="quiet" icon="close" shortcut="close" onClick={onClose} />}
    >
      {evaluated && sample ? (
        <div className={css.body}>
          {count > 1 && <Samples evaluated={evaluated} chosen={chosen} onChoose={setChosen} />}
          <SampleEvidence
            of={`${evaluated.index}/${chosen}`}
            scoredCase={evaluated.case}
            sample={sample}
            config={config}
          />
        </div>
      ) : (
        <p className={css.muted}>Reading the case…</p>
      )}
    </Panel>
  );
}

function CaseFacts({ evaluated }: { readonly evaluated: EvaluatedCase }) {
  const { case: asked, promptTokens } = evaluated;
  return (
    <span className={css.facts}>
      line {formatCount(asked.line)}
      {promptTokens !== null && ` · prompt of ${formatCount(promptTokens)} tokens`}
      {Object.entries(asked.facets ?? {}).map(([name, value]) => (
        <Chip key={name}>
          <Verbatim text={`${name}: ${value}`} />
        </Chip>
      ))}
    </span>
  );
}

interface SamplesProps {
  readonly evaluated: EvaluatedCase;
  readonly chosen: number;
  readonly onChoose: (sample: number) => void;
}

function Samples({ evaluated: { samples }, chosen, onChoose }: SamplesProps) {
  return (
    <div className={css.samples}>
      <fieldset className={css.choice} aria-label={`${samples.length} completions`}>
        {samples.map(({ correct, reward, answer }, index) => (
          <button
            // biome-ignore lint/suspicious/noArrayIndexKey: a sample is known by its position
            key={index}
            type="button"
            aria-pressed={index === chosen}
            className={cx(css.sample, index === chosen && css.here)}
            onClick={() => onChoose(index)}
          >
            {index + 1} <Correct value={correct} /> <Verbatim text={preview(answer ?? '–', 12)} />{' '}
            {formatNumber(reward)}
          </button>
        ))}
      </fieldset>
      <span className={css.keys}>
        <kbd>{KEYS.previousSibling.label}</kbd> <kbd>{KEYS.nextSibling.label}</kbd>
      </span>
    </div>
  );
}
