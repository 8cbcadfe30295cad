/** A benchmark that runs or has run, as the screen shows it. */
import type { BenchCommand, BenchEvent, BenchReport, BenchResults, BenchRows } from '../../../protocol';
import { openBenchWorker, WorkerLink, type WorkerPort } from '../../store/client';

export interface BenchState {
  readonly report: BenchReport | null;
  /** null: nothing is measured at present. */
  readonly progress: { readonly done: number; readonly total: number; readonly measuring: string } | null;
  readonly problem: string | null;
}

export const IDLE: BenchState = { report: null, progress: null, problem: null };

type Progress = Extract<BenchEvent, { readonly type: 'bench-progress' }>;

/** Starts it and tells of each change; returns a function that stops it, rows so far included. */
export function runBench(
  rows: BenchRows,
  onChange: (change: (state: BenchState) => BenchState) => void,
  open: () => WorkerPort = openBenchWorker,
): () => void {
  let port: WorkerPort | null = null;
  const link = new WorkerLink<BenchCommand, BenchResults, Progress>(
    'bench',
    () => {
      port = open();
      return port;
    },
    {
      news: ({ done, total, measuring, report }) => {
        if (!stopped) onChange(() => ({ report, progress: { done, total, measuring }, problem: null }));
      },
      crash: () => undefined, // the command below is rejected with it
    },
  );
  let stopped = false;
  const stop = () => {
    stopped = true;
    port?.terminate();
  };
  link.start();
  onChange(() => ({ ...IDLE, progress: { done: 0, total: 1, measuring: '' } }));
  link.send({ type: 'bench', rows }).then(
    (report) => {
      stop();
      onChange(() => ({ report, progress: null, problem: null }));
    },
    (thrown: Error) => {
      stop();
      onChange((state) => ({ ...state, progress: null, problem: thrown.message }));
    },
  );
  return () => {
    if (stopped) return;
    stop();
    onChange((state) => ({ ...state, progress: null }));
  };
}
