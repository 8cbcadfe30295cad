/** Rollouts as a table: what each answered, earned and learned from its group. */
import { useMemo } from 'react';
import type { RolloutRecord } from '../../../protocol';
import { objectivesOf, weightOf } from '../../store/arithmetic';
import { boxedAnswer, preview } from '../../store/completion';
import { formatCount, formatFixed, formatNumber } from '../../store/format';
import { groupStatistics, isCorrect, type RolloutRow } from '../../store/rollouts';
import { useStudio } from '../context';
import { Verbatim } from '../kit/Verbatim';
import { type Column, VirtualTable } from '../kit/VirtualTable';
import { Advantage } from './Advantage';
import { Correct } from './Correct';
import css from './RolloutList.module.css';

interface RolloutListProps {
  readonly rows: readonly RolloutRow[];
  /** The inspector is open beside it: fewer columns. */
  readonly compact: boolean;
  readonly selected: number | null;
  readonly selectedId: string | undefined;
  readonly onSelect: (rollout: RolloutRecord) => void;
  readonly onScrollTop: (top: number) => void;
  readonly topSignal: number;
}

export function RolloutList(props: RolloutListProps) {
  const { rows, compact, selected, selectedId, onSelect, onScrollTop, topSignal } = props;
  const builtIn = useStudio((state) => state.ready?.objectives);
  const rewards = useStudio((state) => state.run?.config.rewards);
  const columns = useMemo(() => {
    const objectives = objectivesOf(builtIn ?? [], rewards?.custom ?? []);
    const shown = objectives.filter(({ name }) => weightOf(name, rewards) !== 0);
    return [
      column('step', 'Step', '52px', true, ({ step }) => formatCount(step)),
      ...(compact
        ? []
        : [column('case', 'Case', '84px', false, ({ caseId }) => <Verbatim text={preview(caseId, 24)} />)]),
      column('answer', 'Said / gold', '86px', false, (rollout) => <Answer rollout={rollout} />),
      ...(compact
        ? []
        : shown.map(({ name, label }) =>
            column(name, label, '76px', true, ({ rewards }) => formatFixed(rewards[name] ?? null)),
          )),
      column('reward', 'Reward', '68px', true, (rollout) => <Reward rollout={rollout} />),
      column('advantage', 'Advantage', '82px', true, ({ advantage }) => <Advantage value={advantage} />),
      column('tokens', 'Tokens', '62px', true, ({ completionTokens, truncated }) => (
        <span title={truncated ? 'Cut at the token limit' : undefined}>
          {formatCount(completionTokens)}
          {truncated && ' ✂'}
        </span>
      )),
      column('preview', 'Completion', 'minmax(120px, 1fr)', false, ({ completion }) => (
        <Verbatim text={preview(completion)} />
      )),
    ];
  }, [builtIn, rewards, compact]);

  return (
    <VirtualTable<RolloutRow>
      label="Rollouts"
      columns={columns}
      count={rows.length}
      row={(index) => rows[index]}
      heading={(row) => (row.kind === 'group' ? <GroupHeading members={row.members} /> : null)}
      selected={selected}
      selectedKey={selectedId}
      onSelect={(index) => {
        const row = rows[index];
        if (row?.kind === 'rollout') onSelect(row.rollout);
      }}
      onScrollTop={onScrollTop}
      topSignal={topSignal}
    />
  );
}

function column(
  key: string,
  label: string,
  width: string,
  end: boolean,
  cell: (rollout: RolloutRecord) => React.ReactNode,
): Column<RolloutRow> {
  return { key, label, width, end, cell: (row) => (row.kind === 'rollout' ? cell(row.rollout) : null) };
}

function Answer({ rollout }: { readonly rollout: RolloutRecord }) {
  return (
    <span className={css.answer}>
      <Correct value={isCorrect(rollout)} />
      <Verbatim text={preview(boxedAnswer(rollout.completion) ?? '–', 8)} /> / {rollout.gold ?? '–'}
    </span>
  );
}

function Reward({ rollout }: { readonly rollout: RolloutRecord }) {
  if (rollout.reward !== null) return <strong>{formatFixed(rollout.reward)}</strong>;
  return <span title={rollout.unscored}>unscored</span>;
}

function GroupHeading({ members }: { readonly members: readonly RolloutRecord[] }) {
  const { step, caseId, gold } = members[0]!;
  const { scored, mean, std } = groupStatistics(members);
  const correct = members.filter((member) => isCorrect(member)).length;
  return (
    <span className={css.heading}>
      <strong>
        case <Verbatim text={preview(caseId, 40)} />
      </strong>
      <span>step {formatCount(step)}</span>
      <span>gold {gold ?? 'unknown'}</span>
      <span>
        {correct}/{members.length} right
      </span>
      <span>
        reward {formatFixed(mean)} ± {formatFixed(std)}
      </span>
      {scored > 1 && std === 0 && (
        <span className={css.dead} title="All rewards are the same, so every advantage is 0">
          teaches nothing
        </span>
      )}
      {scored < members.length && (
        <span className={css.dead}>{formatNumber(members.length - scored)} unscored</span>
      )}
    </span>
  );
}
