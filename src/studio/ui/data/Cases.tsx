/** Every case of a dataset, and beside it the prompt that the policy will see. */
import { useCallback, useState } from 'react';
import type { DatasetRow, DatasetSummary, PromptSettings } from '../../../protocol';
import { preview } from '../../store/completion';
import { formatCount } from '../../store/format';
import { isActive } from '../../store/state';
import { useStudio } from '../context';
import { useKeys } from '../keys';
import { Chip } from '../kit/Chip';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { Verbatim } from '../kit/Verbatim';
import { type Column, VirtualTable } from '../kit/VirtualTable';
import css from './Cases.module.css';
import { CaseChips, OpenAnswer } from './CaseView';
import { useRows } from './useRows';

const NO_PROMPT: PromptSettings = { tags: 'think', system: '', addOpeningTag: false, maxTokens: 0 };

const columns: readonly Column<DatasetRow>[] = [
  { key: 'line', label: 'Line', width: '62px', end: true, cell: ({ case: { line } }) => formatCount(line) },
  {
    key: 'id',
    label: 'Case',
    width: '84px',
    cell: ({ case: { id } }) => <Verbatim text={preview(id, 24)} />,
  },
  {
    key: 'question',
    label: 'Question',
    width: 'minmax(110px, 1fr)',
    cell: ({ case: { question } }) => <Verbatim text={preview(question)} />,
  },
  {
    key: 'options',
    label: 'Options',
    width: '62px',
    end: true,
    cell: ({ case: { options } }) => Object.keys(options).length,
  },
  {
    key: 'answer',
    label: 'Gold',
    width: '46px',
    cell: ({ case: { answer, openAnswer } }) => answer ?? (openAnswer === undefined ? '–' : 'text'),
  },
  {
    key: 'tokens',
    label: 'Tokens',
    width: '70px',
    end: true,
    cell: ({ promptTokens, tooLong }) => (
      <span
        className={tooLong ? css.tooLong : undefined}
        title={tooLong ? 'Longer than the prompt limit: left out' : undefined}
      >
        {promptTokens === null ? '–' : formatCount(promptTokens)}
        {tooLong && ' ⚠'}
      </span>
    ),
  },
];

export function Cases({ dataset }: { readonly dataset: DatasetSummary }) {
  const run = useStudio((state) => state.run);
  const draft = useStudio((state) => state.draft);
  const tokenizer = useStudio((state) => state.tokenizerOf);
  const model = useStudio((state) => state.model?.name ?? null);
  const prompt = (isActive(run) ? run.config : draft)?.prompt ?? NO_PROMPT;
  const { row, see } = useRows(dataset.id, dataset.rows, prompt, tokenizer);
  const [selected, setSelected] = useState<{ readonly datasetId: string; readonly index: number } | null>(
    null,
  );
  const index = selected?.datasetId === dataset.id ? selected.index : 0;
  const select = useCallback((at: number) => setSelected({ datasetId: dataset.id, index: at }), [dataset.id]);
  const move = (by: number) => select(Math.min(dataset.rows - 1, Math.max(0, index + by)));
  useKeys({ next: () => move(1), previous: () => move(-1) });

  if (dataset.rows === 0) {
    return (
      <Panel title="Cases">
        <EmptyState icon="alert" title="No line of this file is a case">
          The bad lines say why. A case needs a question, at least two options and, to train on, the letter of
          the right one.
        </EmptyState>
      </Panel>
    );
  }
  const shown = row(index);
  return (
    <div className={css.cases}>
      <Panel title="Cases" note={`${formatCount(dataset.rows)} rows`} flush className={css.table}>
        <VirtualTable
          label={`Cases of ${dataset.name}`}
          columns={columns}
          count={dataset.rows}
          row={row}
          selected={index}
          selectedKey={`${dataset.id}/${index}`}
          onSelect={select}
          onRange={see}
        />
      </Panel>
      <Panel
        title="Prompt"
        className={css.prompt}
        note={
          shown && <PromptNote row={shown} limit={prompt.maxTokens} tokenizer={tokenizer} model={model} />
        }
      >
        {shown ? <Prompt row={shown} /> : <p className={css.muted}>Loading the row…</p>}
      </Panel>
    </div>
  );
}

interface PromptNoteProps {
  readonly row: DatasetRow;
  readonly limit: number;
  readonly tokenizer: string | null;
  readonly model: string | null;
}

function PromptNote({ row, limit, tokenizer, model }: PromptNoteProps) {
  if (row.promptTokens === null) return 'no tokenizer yet: load a model to count tokens';
  return (
    <span className={css.note}>
      {formatCount(row.promptTokens)} of {formatCount(limit)} tokens
      {row.tooLong && <Chip tone="warn">too long: left out of a run</Chip>}
      {tokenizer !== model && tokenizer && <span>counted as {tokenizer}</span>}
    </span>
  );
}

function Prompt({ row }: { readonly row: DatasetRow }) {
  return (
    <div className={css.promptBody}>
      <CaseChips row={row.case} />
      <OpenAnswer row={row.case} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling text must be reachable by keyboard */}
      <pre className={css.text} tabIndex={0}>
        <Verbatim text={row.prompt} />
      </pre>
    </div>
  );
}
