/** How well a policy answered a dataset: accuracy by both denominators, several tries, objectives, length. */
import type {
  AtK,
  DatasetResult,
  Interval,
  ObjectiveDescriptor,
  Proportion,
  RunConfig,
} from '../../../protocol';
import { formatCount, formatFixed, formatPercent } from '../../store/format';
import { formatEstimate, formatInterval, formatShare, intervalOf } from '../../store/results';
import { Panel } from '../kit/Panel';
import { objectiveStyles, TOTAL_STYLE } from '../train/objectiveStyle';
import { Forest, type ForestRow } from './Forest';
import css from './Results.module.css';
import { useObjectives } from './useObjectives';

const WHOLE: Interval = { low: 0, high: 1 };

const points = (value: number) => formatFixed(100 * value, 1);

const WILSON_HELP = 'Wilson score interval, 95 %: for one independent completion per case';
const BOOTSTRAP_HELP =
  'Percentile bootstrap over cases, 95 %: holds also where a case has several completions';

export function Accuracy({ result }: { readonly result: DatasetResult }) {
  const { accuracy, accuracyOfParsable, passAt, majAt, samplesPerCase } = result;
  return (
    <Panel title="Accuracy" note={`${formatCount(result.cases)} cases`}>
      <div className={css.stack}>
        <div className={css.headlines}>
          <Headline label="correct / all" proportion={accuracy} />
          <Headline label="correct / parsable" proportion={accuracyOfParsable} />
        </div>
        {samplesPerCase > 1 && (
          <Forest
            caption={`Of ${samplesPerCase} completions per case, k are looked at: pass@k counts a case if one of them is right, maj@k if their majority is. Percentile bootstrap.`}
            headings={['k', 'Share [95 %]', 'cases']}
            rows={[...atK('pass@', passAt, '●'), ...atK('maj@', majAt, '■')]}
          />
        )}
      </div>
    </Panel>
  );
}

function Headline({ label, proportion }: { readonly label: string; readonly proportion: Proportion }) {
  const { count, of, value, wilson, bootstrap } = proportion;
  return (
    <div className={css.headline}>
      <p className={css.headlineLabel}>{label}</p>
      <p className={css.big}>
        {formatPercent(value)}{' '}
        <span className={css.of}>
          {formatCount(count)}/{formatCount(of)}
        </span>
      </p>
      <dl className={css.intervals}>
        {wilson && (
          <div title={WILSON_HELP}>
            <dt>Wilson</dt>
            <dd>{formatInterval(wilson, points)}</dd>
          </div>
        )}
        {bootstrap && (
          <div title={BOOTSTRAP_HELP}>
            <dt>bootstrap</dt>
            <dd>{formatInterval(bootstrap, points)}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}

const atK = (name: string, values: readonly AtK[], marker: string): ForestRow[] =>
  values.map(({ k, estimate }) => ({
    key: name + k,
    label: `${name}${k}`,
    value: estimate.value,
    interval: estimate.interval,
    text: formatShare(estimate.value, estimate.interval),
    note: formatCount(estimate.cases),
    scale: WHOLE,
    marker,
    color: 'var(--accuracy)',
  }));

interface ObjectivesProps {
  readonly result: DatasetResult;
  readonly config: RunConfig;
}

export function Objectives({ result, config }: ObjectivesProps) {
  const described = useObjectives(config);
  const rows = objectiveRows(result.objectives, described);
  const { reward } = result;
  const total: ForestRow = {
    key: 'reward',
    label: 'Reward',
    help: 'The weighted sum of the objectives, by the settings of this evaluation',
    value: reward.value,
    interval: reward.interval,
    text: formatEstimate(reward),
    note: formatCount(reward.cases),
    scale: around(reward.interval, reward.value, WHOLE),
    color: TOTAL_STYLE.color,
    marker: '◇',
  };
  return (
    <Panel title="Objectives" note="mean per case, each on its own scale">
      <Forest
        caption="Percentile bootstrap over cases."
        headings={['Objective', 'Mean [95 %]', 'cases']}
        rows={[...rows, total]}
      />
    </Panel>
  );
}

/** In the objectives' own order, hue and marker; the scale is what the objective can give. */
function objectiveRows(
  estimates: DatasetResult['objectives'],
  described: readonly ObjectiveDescriptor[],
): ForestRow[] {
  const styles = objectiveStyles(described);
  const order = described.map(({ name }) => name);
  const names = Object.keys(estimates).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  return names.map((name) => {
    const estimate = estimates[name]!;
    const objective = described.find((each) => each.name === name);
    const style = styles.get(name);
    return {
      key: name,
      label: objective?.label ?? name,
      help: objective?.help,
      value: estimate.value,
      interval: estimate.interval,
      text: estimate.value === null ? 'does not apply' : formatEstimate(estimate),
      note: formatCount(estimate.cases),
      // A penalty without a bound would press all else into a corner: 0 is far enough where nothing is below.
      scale: around(estimate.interval, estimate.value, { low: 0, high: objective?.max ?? 1 }),
      ...(style && { color: style.color, marker: style.marker }),
    };
  });
}

/** The scale, widened to what was measured. */
const around = (interval: Interval | null, value: number | null, scale: Interval): Interval => ({
  low: Math.min(scale.low, interval?.low ?? value ?? scale.low),
  high: Math.max(scale.high, interval?.high ?? value ?? scale.high),
});

export function PerResponse({ result }: { readonly result: DatasetResult }) {
  const { counts, tokens, truncated } = result;
  return (
    <Panel title="Per response" note="mean per completion [95 % bootstrap]">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table must be scrollable by keyboard */}
      <section className={css.scroll} tabIndex={0} aria-label="Counts per response">
        <table className={css.table}>
          <caption>
            Counted here by rule. Clinical-R1’s column beside it was judged by a language model: compare
            directions, not levels.
          </caption>
          <thead>
            <tr>
              <th scope="col">By rule</th>
              <th scope="col">Mean [95 %]</th>
              <th scope="col">Comparable with</th>
            </tr>
          </thead>
          <tbody>
            {counts.map(({ name, label, comparableWith, perResponse }) => (
              <tr key={name}>
                <th scope="row">{label}</th>
                <td>{formatEstimate(perResponse)}</td>
                <td className={css.muted}>{comparableWith}</td>
              </tr>
            ))}
            {tokens.cases > 0 && <Length tokens={tokens} truncated={truncated} />}
          </tbody>
        </table>
      </section>
    </Panel>
  );
}

/** Not of completions made elsewhere: their tokens are not known. */
function Length({ tokens, truncated }: Pick<DatasetResult, 'tokens' | 'truncated'>) {
  return (
    <>
      <tr>
        <th scope="row">Tokens</th>
        <td>{formatEstimate(tokens, 1)}</td>
        <td className={css.muted}>–</td>
      </tr>
      <tr>
        <th scope="row">Cut at the token limit</th>
        <td>
          {formatCount(truncated.count)}/{formatCount(truncated.of)} ·{' '}
          {formatShare(truncated.value, intervalOf(truncated))}
        </td>
        <td className={css.muted}>–</td>
      </tr>
    </>
  );
}

export function Slices({ result }: { readonly result: DatasetResult }) {
  const { slices, accuracy, samplesPerCase } = result;
  if (slices.length === 0) return null;
  return (
    <Panel title="Slices" note="values with at least 5 cases">
      <Forest
        caption={`Accuracy where the facet has this value; ${
          samplesPerCase === 1 ? 'Wilson' : 'bootstrap'
        } intervals. The dashed line is all cases. Of many slices some differ by chance.`}
        headings={['Value', 'Accuracy [95 %]', 'cases']}
        rows={slices.map(({ facet, value, cases, accuracy: here }) => ({
          key: `${facet}/${value}`,
          label: value,
          group: facet,
          value: here.value,
          interval: intervalOf(here),
          text: formatShare(here.value, intervalOf(here)),
          note: formatCount(cases),
          scale: WHOLE,
          reference: accuracy.value ?? undefined,
          color: 'var(--accuracy)',
        }))}
      />
    </Panel>
  );
}
