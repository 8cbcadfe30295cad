/** Second minus first on the shared cases, with paired intervals. */
import type { Estimate, EvaluationComparison, RunConfig } from '../../../protocol';
import { formatCount, formatSigned } from '../../store/format';
import { formatInterval } from '../../store/results';
import { Panel } from '../kit/Panel';
import { objectiveStyles, TOTAL_STYLE } from '../train/objectiveStyle';
import { Forest, type ForestRow } from './Forest';
import { useObjectives } from './useObjectives';

interface DifferencesProps {
  readonly comparison: EvaluationComparison;
  /** Of the second. */
  readonly config: RunConfig;
}

export function Differences({ comparison, config }: DifferencesProps) {
  const described = useObjectives(config);
  const styles = objectiveStyles(described);
  const { cases, unmatched, accuracy, reward, tokens, objectives } = comparison;
  const names = described.map(({ name }) => name).filter((name) => name in objectives);
  const rows: ForestRow[] = [
    {
      ...difference('accuracy/points', 'Correct answers, points', accuracy, {
        times: 100,
        digits: 1,
        least: 0.05,
      }),
      color: 'var(--accuracy)',
      marker: '●',
    },
    { ...difference('reward', 'Reward', reward), color: TOTAL_STYLE.color, marker: '◇' },
    ...names.map((name): ForestRow => {
      const style = styles.get(name)!;
      const { label, help } = described.find((each) => each.name === name)!;
      return {
        ...difference(name, label, objectives[name]!),
        help,
        color: style.color,
        marker: style.marker,
      };
    }),
    { ...difference('tokens', 'Tokens', tokens, { times: 1, digits: 1, least: 1 }), color: 'var(--muted)' },
  ];
  return (
    <Panel
      title="Differences"
      note={`${formatCount(cases)} shared cases${unmatched > 0 ? ` · ${formatCount(unmatched)} in only one of the two are left out` : ''}`}
    >
      <Forest
        caption="Against the baseline: the mean difference per case, with the paired bootstrap’s 95 %. Where the interval holds 0 (dashed), no change is shown."
        headings={['Figure', 'Difference [95 %]', 'cases']}
        rows={rows}
      />
    </Panel>
  );
}

/** On a scale of its own, with 0 in the middle; a difference below `least` stays a small one. */
function difference(
  key: string,
  label: string,
  { value, interval, cases }: Estimate,
  { times, digits, least } = { times: 1, digits: 2, least: 0.05 },
): ForestRow {
  const ends = [value ?? 0, interval?.low ?? 0, interval?.high ?? 0];
  const reach = 1.1 * Math.max(least, ...ends.map(Math.abs));
  const signed = (each: number) => formatSigned(times * each, digits);
  return {
    key,
    label,
    value,
    interval,
    text: value === null ? '–' : `${signed(value)}${interval ? ` ${formatInterval(interval, signed)}` : ''}`,
    note: formatCount(cases),
    scale: { low: -reach, high: reach },
    reference: 0,
  };
}
