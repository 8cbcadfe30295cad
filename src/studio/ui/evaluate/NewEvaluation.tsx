/** What to evaluate: a policy, datasets, how often each case is answered; scored by the present settings. */
import { useState } from 'react';
import { Link } from 'wouter';
import type { DatasetPart, EvaluatedPolicy, RunConfig } from '../../../protocol';
import { weightOf } from '../../store/arithmetic';
import { HELD_OUT_CASES } from '../../store/evaluator';
import { formatCount, formatNumber } from '../../store/format';
import { STARTER_HELD_OUT } from '../../store/starter';
import { useSession, useStudio } from '../context';
import { OverlapWarning } from '../data/OverlapWarning';
import { Button } from '../kit/Button';
import { Panel } from '../kit/Panel';
import { useQuery } from '../query';
import { ErrorText } from '../shell/ErrorPanel';
import { type DatasetChoice, DatasetChoices, FIRST_CASES, readLimit } from './DatasetChoices';
import { CHECKPOINT_POLICY } from './links';
import css from './NewEvaluation.module.css';
import { PolicyChoice } from './PolicyChoice';
import { useObjectives } from './useObjectives';
import { whyNotEvaluate } from './whyNotEvaluate';

const MOST_SAMPLES = 64;

export function NewEvaluation() {
  const session = useSession();
  const blocked = useStudio(whyNotEvaluate);
  const failure = useStudio((state) => state.evaluations.failure);
  const config = useStudio((state) => state.draft);
  const [policy, setPolicy] = useQuery('policy', 'current');
  const [samplesText, setSamples] = useState('1');
  const [temperatureText, setTemperature] = useState<string | null>(null);
  const { choices, setChoices, offered } = useDatasetChoices();

  const samples = Number(samplesText);
  const validSamples = Number.isSafeInteger(samples) && samples >= 1 && samples <= MOST_SAMPLES;
  const greedy = samples === 1;
  const shownTemperature = temperatureText ?? String(config?.sampling.temperature ?? 1);
  const temperature = Number(shownTemperature);
  const validTemperature = greedy || (Number.isFinite(temperature) && temperature > 0);
  const heldOutFraction = config?.data.heldOutFraction ?? 0;
  const chosen = offered.flatMap(({ id, rows }) => {
    const choice = choices.get(id);
    // Without a share held out there are no parts, whatever was chosen before.
    return choice ? [{ id, rows, ...choice, ...(heldOutFraction === 0 && { part: 'all' as const }) }] : [];
  });
  const datasets = chosen.map(({ id, part, limit }) => ({ datasetId: id, part, limit: readLimit(limit) }));
  const validLimits = datasets.every(({ limit }) => limit !== undefined);
  const problems: readonly (readonly [present: boolean, problem: string])[] = [
    [chosen.length === 0, 'Choose a dataset.'],
    [!validLimits, 'The first cases: a whole number, or empty for all.'],
    [!validSamples, `Samples per case: 1 to ${MOST_SAMPLES}.`],
    [!validTemperature, 'The temperature must be above 0.'],
  ];
  const missing = blocked ?? problems.find(([present]) => present)?.[1] ?? null;
  const start = () => {
    if (!config) return;
    void session.evaluator.start({
      policy: readPolicy(policy),
      datasets: datasets.map(({ datasetId, part, limit }) => ({ datasetId, part, limit: limit ?? null })),
      samples,
      // Greedy, it has no effect, but must be a valid one.
      temperature: greedy ? config.sampling.temperature : temperature,
      config,
    });
  };
  return (
    <Panel title="New evaluation">
      <div className={css.form}>
        <PolicyChoice value={policy} onChange={setPolicy} />
        <DatasetChoices
          offered={offered}
          choices={choices}
          heldOutFraction={heldOutFraction}
          onChange={setChoices}
        />
        <div className={css.pair}>
          <label className={css.field}>
            Samples per case
            <input
              inputMode="numeric"
              value={samplesText}
              aria-invalid={!validSamples}
              onChange={(event) => setSamples(event.target.value)}
            />
          </label>
          <label className={css.field}>
            Temperature
            <input
              inputMode="decimal"
              value={greedy ? '' : shownTemperature}
              placeholder={greedy ? 'greedy' : undefined}
              disabled={greedy}
              title={greedy ? 'One completion per case is decoded greedily' : undefined}
              aria-invalid={!validTemperature}
              onChange={(event) => setTemperature(event.target.value)}
            />
          </label>
        </div>
        {config && <Terms config={config} />}
        {datasets
          .filter(({ datasetId }) => datasetId !== HELD_OUT_CASES)
          .map(({ datasetId, part }) => (
            <OverlapWarning key={datasetId} test={{ datasetId, part }} />
          ))}
        <div className={css.start}>
          <Button
            label="Evaluate"
            icon="evaluate"
            tone="primary"
            large
            disabled={missing !== null || !config}
            onClick={start}
          />
          <span className={css.reason}>
            {missing ?? (
              <Amount
                counts={chosen.map(({ rows, ...choice }) => countOf(rows, choice, heldOutFraction))}
                samples={samples}
              />
            )}
          </span>
        </div>
        {failure && (
          <div className={css.failure}>
            <ErrorText record={failure} />
          </div>
        )}
      </div>
    </Panel>
  );
}

/** `checkpoint:<id>` or a kind; anything else is the current policy. */
function readPolicy(value: string): EvaluatedPolicy {
  if (value.startsWith(CHECKPOINT_POLICY))
    return { kind: 'checkpoint', id: value.slice(CHECKPOINT_POLICY.length) };
  return { kind: value === 'base' ? 'base' : 'current' };
}

/** What can be chosen, and what is: at first what is not trained on, where the starter has something better. */
function useDatasetChoices() {
  const datasets = useStudio((state) => state.datasets);
  const trainedOn = useStudio((state) => state.datasetId);
  const [picked, setChoices] = useState<ReadonlyMap<string, DatasetChoice> | null>(null);
  const opened = datasets.find(({ name, synthetic }) => synthetic && name === STARTER_HELD_OUT.name);
  const offered = datasets.map(({ id, name, rows, unlabelled }) => ({ id, name, rows: rows - unlabelled }));
  const all = opened
    ? offered
    : [...offered, { id: HELD_OUT_CASES, name: STARTER_HELD_OUT.name, rows: null }];

  const trained = datasets.find(({ id }) => id === trainedOn);
  const first = trained && !trained.synthetic ? trained.id : (opened?.id ?? HELD_OUT_CASES);
  const heldOutId = opened?.id;
  // Chosen while it was not open yet, it keeps its choice under its own id.
  const choices = new Map(
    [...(picked ?? [[first, { part: 'all' as DatasetPart, limit: FIRST_CASES }] as const])].map(
      ([id, choice]) => [id === HELD_OUT_CASES && heldOutId ? heldOutId : id, choice] as const,
    ),
  );
  return { offered: all, choices, setChoices };
}

/** Cases of a choice, by what the dataset's summary says; null: it is not open yet. */
function countOf(rows: number | null, choice: DatasetChoice, heldOutFraction: number): number | null {
  const limit = readLimit(choice.limit) ?? null;
  if (rows === null) return limit;
  const heldOut = Math.round(rows * heldOutFraction);
  const there = choice.part === 'all' ? rows : choice.part === 'held-out' ? heldOut : rows - heldOut;
  return Math.min(limit ?? there, there);
}

interface AmountProps {
  /** Of each dataset; null: it is not open yet, and all of it is asked for. */
  readonly counts: readonly (number | null)[];
  readonly samples: number;
}

function Amount({ counts, samples }: AmountProps) {
  const cases = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  const parts = [
    ...(cases > 0 ? [`up to ${formatCount(cases)} cases`] : []),
    ...(counts.includes(null) ? [`all of ${STARTER_HELD_OUT.name}`] : []),
  ];
  const times = samples > 1 ? ` × ${samples}` : '';
  const product = times && !counts.includes(null) ? ` = ${formatCount(cases * samples)} completions` : '';
  return `${parts.join(' and ')}${times}${product}; the time is estimated once it runs`;
}

/** By what the completions will be scored, in a sentence. */
function Terms({ config }: { readonly config: RunConfig }) {
  const weighted = useObjectives(config).flatMap(({ name, label }) => {
    const weight = weightOf(name, config.rewards);
    return weight === 0 ? [] : [`${label} ${formatNumber(weight)}`];
  });
  return (
    <p className={css.terms}>
      By the present <Link href="/train">settings</Link>: preset “{config.rewards.preset}” (
      {weighted.join(', ')}), at most {formatCount(config.sampling.maxCompletionTokens)} tokens each.
    </p>
  );
}
