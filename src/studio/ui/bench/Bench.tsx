/** What the engine takes on this device against plain TensorFlow.js; reached by `#/bench` alone. */
import { useEffect, useRef, useState } from 'react';
import type { BenchReport, BenchRow, BenchRows, Spread } from '../../../protocol';
import { isSlow } from '../../store/backend';
import { formatNumber } from '../../store/format';
import { useSession, useStudio } from '../context';
import { Button } from '../kit/Button';
import { EmptyState } from '../kit/EmptyState';
import { Panel } from '../kit/Panel';
import { Progress } from '../kit/Progress';
import { Segmented } from '../kit/Segmented';
import css from './Bench.module.css';
import { type BenchState, IDLE, runBench } from './run-bench';

const ROWS: readonly { readonly value: BenchRows; readonly label: string }[] = [
  { value: 'short', label: 'Short' },
  { value: 'all', label: 'All rows' },
];

export function Bench() {
  const { voice } = useSession();
  const [state, setState] = useState<BenchState>(IDLE);
  const [chosen, setChosen] = useState<BenchRows | null>(null);
  const backend = useStudio(({ ready }) => ready?.backend ?? null);
  // Without a GPU all rows take far longer than anybody waits.
  const rows = chosen ?? (backend === null || isSlow(backend) ? 'short' : 'all');
  const stop = useRef<() => void>(() => undefined);
  useEffect(() => () => stop.current(), []);
  const { report, progress, problem } = state;
  const run = () => {
    stop.current = runBench(rows, setState);
  };
  const copy = async (shown: BenchReport) => {
    const text = JSON.stringify({ build: __BUILD__, userAgent: navigator.userAgent, ...shown }, null, 2);
    try {
      await navigator.clipboard.writeText(text);
      voice.notify('The results are on the clipboard.');
    } catch {
      voice.notify('The browser did not allow copying.');
    }
  };
  return (
    <Panel
      title="Benchmark"
      note={report?.adapter ?? undefined}
      flush
      actions={
        <>
          {progress === null ? (
            <>
              <Segmented label="Rows to measure" value={rows} choices={ROWS} onChange={setChosen} />
              <Button label="Run" tone="primary" onClick={run} />
            </>
          ) : (
            <Button label="Cancel" onClick={() => stop.current()} />
          )}
          <Button
            label="Copy results"
            disabled={report === null}
            onClick={() => report !== null && void copy(report)}
          />
        </>
      }
    >
      <h1 className={css.hidden}>Benchmark</h1>
      {progress !== null && (
        <div className={css.progress}>
          <p role="status">
            {progress.measuring === ''
              ? 'Starting …'
              : `Measuring ${progress.done + 1} of ${progress.total}: ${progress.measuring}`}
          </p>
          <Progress value={progress.done / progress.total} label="Measurements taken" />
        </div>
      )}
      {problem !== null && (
        <p role="alert" className={css.problem}>
          {problem}
        </p>
      )}
      {report === null ? (
        <EmptyState icon="train" title="Nothing measured yet">
          Trains and samples with small models, in the engine and in plain TensorFlow.js, and compares the two
          on this device. All rows take some minutes on a GPU, and far longer without one; pause a run before
          it, and leave the tab in front.
        </EmptyState>
      ) : (
        <Rows rows={report.rows} pending={progress !== null} />
      )}
    </Panel>
  );
}

function Rows({ rows, pending }: { readonly rows: readonly BenchRow[]; readonly pending: boolean }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table must be scrollable by keyboard
    <section className={css.scroll} tabIndex={0} aria-label="Results">
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">On</th>
            <th scope="col">Engine</th>
            <th scope="col">Against</th>
            <th scope="col">Against / engine</th>
            <th scope="col">Results differ by</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={`${row.backend} ${row.name}`} row={row} pending={pending} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ row, pending }: { readonly row: BenchRow; readonly pending: boolean }) {
  const { name, backend, unit, figures, problem, target } = row;
  const head = (
    <>
      <th scope="row">{name}</th>
      <td>{backend}</td>
    </>
  );
  if (figures === null) {
    return (
      <tr>
        {head}
        <td colSpan={4} className={css.missing}>
          {pending ? '…' : problem}
        </td>
      </tr>
    );
  }
  const { ours, baseline, ratio, spread, difference } = figures;
  return (
    <tr>
      {head}
      <td title={spread ? range(spread.ours) : undefined}>
        {formatNumber(ours)} {unit}
      </td>
      <td title={spread ? range(spread.baseline) : undefined}>
        {baseline === null ? '–' : `${formatNumber(baseline)} ${unit}`}
      </td>
      <td className={css.ratio}>
        {ratio !== null && `${formatNumber(ratio)} ×`}
        {target !== null && (
          <span className={css.target}>
            {ratio === null ? `at most ${formatNumber(target)}` : ` (target ${formatNumber(target)})`}
          </span>
        )}
      </td>
      <td>{difference === null ? '–' : difference.toExponential(0)}</td>
    </tr>
  );
}

function range({ lowest, highest, repeats }: Spread): string {
  return `${formatNumber(lowest)} to ${formatNumber(highest)} ms in ${repeats} repeats`;
}
