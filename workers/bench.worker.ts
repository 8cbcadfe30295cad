/**
 * The benchmark's thread: takes one measurement after the other, each in a worker of its own, so that
 * pipelines and pooled buffers of one are not there in the next. Terminated, it takes that one along.
 */
import { PLANS, SHORT_PLANS } from '../src/engine/bench/plans';
import { type Job, jobsOf, keyOf, type Outcome, rowOf } from '../src/engine/bench/rows';
import {
  type BenchCommand,
  type BenchEvent,
  type BenchReport,
  type BenchRows,
  type Numbered,
  toErrorRecord,
} from '../src/protocol';
import type { MeasuredEvent } from './bench/measure-here';

const openSide = {
  engine: () => new Worker(new URL('./bench-engine.worker.ts', import.meta.url), { type: 'module' }),
  plain: () => new Worker(new URL('./bench-plain.worker.ts', import.meta.url), { type: 'module' }),
};

const post = (event: BenchEvent) => self.postMessage(event);

self.onmessage = async ({ data: { requestId, rows } }: MessageEvent<Numbered<BenchCommand>>) => {
  try {
    post({ type: 'done', requestId, result: await bench(rows) });
  } catch (thrown) {
    post({ type: 'failed', requestId, error: toErrorRecord(thrown) });
  }
};

async function bench(rows: BenchRows): Promise<BenchReport> {
  const hasGpu = (await navigator.gpu?.requestAdapter()) != null;
  const plans = (rows === 'short' ? SHORT_PLANS : PLANS).filter(
    ({ baseline, backend }) => baseline !== 'jax-js' && (hasGpu || backend === 'wasm'),
  );
  const outcomes = new Map<string, Outcome>();
  let adapter: string | null = null;
  const report = (): BenchReport => ({ adapter, rows: plans.map((plan) => rowOf(plan, 'wall', outcomes)) });
  const jobs = jobsOf(plans);
  for (const [done, job] of jobs.entries()) {
    post({ type: 'bench-progress', done, total: jobs.length, measuring: keyOf(job), report: report() });
    const measured = await measureApart(job);
    if ('adapter' in measured && job.backend === 'webgpu') adapter = measured.adapter;
    outcomes.set(keyOf(job), measured);
  }
  return report();
}

function measureApart(job: Job): Promise<MeasuredEvent> {
  return new Promise((resolve) => {
    const worker = openSide[job.side === 'plain' ? 'plain' : 'engine']();
    const end = (event: MeasuredEvent) => {
      worker.terminate();
      resolve(event);
    };
    worker.onmessage = ({ data }: MessageEvent<MeasuredEvent>) => end(data);
    worker.onerror = ({ message }) => end({ problem: message || 'its worker stopped' });
    worker.postMessage(job);
  });
}
