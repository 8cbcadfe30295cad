/** Completions made elsewhere, scored here by the same rules: a file, and the dataset that it answers. */
import { useState } from 'react';
import { Link } from 'wouter';
import {
  type DatasetPart,
  type ErrorRecord,
  type EvaluationImport,
  type NamedFile,
  toErrorRecord,
} from '../../../protocol';
import { formatCount } from '../../store/format';
import { useSession, useStudio } from '../context';
import { Panel } from '../kit/Panel';
import { PickFiles } from '../kit/PickFiles';
import { Verbatim } from '../kit/Verbatim';
import { ErrorText } from '../shell/ErrorPanel';
import css from './ImportSamples.module.css';
import { resultPath } from './links';

type Outcome =
  | { readonly kind: 'reading'; readonly name: string }
  | { readonly kind: 'failed'; readonly error: ErrorRecord }
  | { readonly kind: 'done'; readonly name: string; readonly result: EvaluationImport };

export function ImportSamples() {
  const session = useSession();
  const datasets = useStudio((state) => state.datasets);
  const heldOut = useStudio((state) => state.draft?.data.heldOutFraction ?? 0);
  const readOnly = !useStudio((state) => state.holdsLock && state.trainerAlive && state.model !== null);
  const trainedOn = useStudio((state) => state.datasetId);
  const [picked, setPicked] = useState<string | null>(null);
  const [part, setPart] = useState<DatasetPart>('all');
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const datasetId = picked ?? trainedOn ?? datasets[0]?.id ?? '';
  const take = async ([first]: readonly NamedFile[]) => {
    if (!first) return;
    const name = first.path.slice(first.path.lastIndexOf('/') + 1);
    setOutcome({ kind: 'reading', name });
    try {
      const result = await session.evaluator.import(name, first.file, {
        datasetId,
        part: heldOut > 0 ? part : 'all',
      });
      setOutcome({ kind: 'done', name, result });
    } catch (thrown) {
      setOutcome({ kind: 'failed', error: toErrorRecord(thrown) });
    }
  };
  return (
    <Panel title="Results made elsewhere">
      <div className={css.form}>
        <p className={css.help}>
          A JSONL of completions is scored by the present settings and then listed beside the others. Each
          line is one of:
        </p>
        <ul className={css.shapes}>
          <li>
            a sample of lm-evaluation-harness (<code>--log_samples</code>) with generated texts in{' '}
            <code>resps</code>
          </li>
          <li>
            a row with <code>prompt</code> and <code>completion</code>, as text or as messages
          </li>
        </ul>
        <div className={css.row}>
          <label className={css.field}>
            Answers the cases of
            <select value={datasetId} onChange={(event) => setPicked(event.target.value)}>
              {datasets.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          {heldOut > 0 && (
            <label className={css.field}>
              Part
              <select value={part} onChange={(event) => setPart(event.target.value as DatasetPart)}>
                <option value="all">all cases</option>
                <option value="held-out">held out</option>
                <option value="train">trained on</option>
              </select>
            </label>
          )}
          <PickFiles
            label="Import .jsonl…"
            icon="upload"
            accept=".jsonl,.json"
            disabled={readOnly || datasetId === '' || outcome?.kind === 'reading'}
            onFiles={take}
          />
        </div>
        <div role="status">{outcome && <ShownOutcome outcome={outcome} />}</div>
      </div>
    </Panel>
  );
}

function ShownOutcome({ outcome }: { readonly outcome: Outcome }) {
  switch (outcome.kind) {
    case 'reading':
      return (
        <p className={css.help}>
          Reading and scoring <Verbatim text={outcome.name} />…
        </p>
      );
    case 'failed':
      return (
        <div className={css.failure}>
          <ErrorText record={outcome.error} />
        </div>
      );
    case 'done':
      return <Counts name={outcome.name} result={outcome.result} />;
    default:
      return outcome satisfies never;
  }
}

function Counts({ name, result }: { readonly name: string; readonly result: EvaluationImport }) {
  const { evaluation, lines, completions, badLines, issues, casesWithout } = result;
  return (
    <div className={css.outcome}>
      <p>
        <Verbatim text={name} />: {formatCount(lines)} lines, {formatCount(completions)} completions taken,{' '}
        {formatCount(badLines)} left out.{' '}
        {casesWithout > 0 && `${formatCount(casesWithout)} cases of the dataset have no completion. `}
        <Link href={resultPath({ id: evaluation.id, dataset: 0 })}>Open the result</Link>
      </p>
      {issues.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling list must be reachable by keyboard
        <ul className={css.issues} tabIndex={0} aria-label="Lines left out">
          {issues.map(({ line, kind, message }) => (
            <li key={`${line}/${kind}`}>
              <strong>line {formatCount(line)}</strong> <Verbatim text={message} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
