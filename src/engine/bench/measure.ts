/** How a task is measured: after a warm-up, several times, each run waited for to its end on the device. */
import type { Spread } from '../../protocol';
import type { Gpu } from '../gpu';
import type { Side } from './cases';
import { countsBetween, type GpuCounter, type GpuCounts } from './counters';

/** What a bench needs of the place it runs in. */
export interface BenchHost {
  /** Milliseconds; what `timeKind` says. */
  clock(): number;
  /** `cpu`: of all threads of the process, which other programs hardly disturb. `wall`: elapsed. */
  readonly timeKind: 'cpu' | 'wall';
  /** Elapsed milliseconds, for choosing kernels on a GPU. */
  wallClock(): number;
  /** Of the process, since before the first device was made; null without WebGPU. */
  readonly counter: GpuCounter | null;
  /** Lets a macrotask pass: Dawn in Node crashes without. Throws if the bench shall stop. */
  breathe(): Promise<void>;
}

export interface Measurement {
  /** Milliseconds per run. */
  readonly time: Spread;
  /** Of one run; null without WebGPU. */
  readonly gpu: GpuUse | null;
  /** Of one run, counted from its shapes; null where other code than our own kernels computes. */
  readonly work: Work | null;
  /** What the task made, for comparison between implementations. */
  readonly result: number;
}

export type Work = Pick<Gpu['counters'], 'multiplyAdds' | 'bytes'>;

export interface GpuUse extends GpuCounts {
  /** The most that was allocated at a time, with everything else of the process. */
  readonly peakBytes: number;
  /** The most that was allocated in the first run beyond what was there before it. */
  readonly workingBytes: number;
  /** Buffers left allocated by this run alone. */
  readonly grownBytes: number;
  /** Pipelines compiled by the process so far. */
  readonly pipelinesSoFar: number;
}

export interface Repeats {
  readonly warmUp: number;
  readonly repeats: number;
}

/** The result is that of the first run, when all implementations have the same weights. */
export async function measure(
  side: Side,
  { warmUp, repeats }: Repeats,
  host: BenchHost,
): Promise<Measurement> {
  let result = Number.NaN;
  const times: number[] = [];
  let gpu: GpuUse | null = null;
  let work: Work | null = null;
  let workingBytes = 0;
  const { counter } = host;
  counter?.forgetPeak();
  for (let run = 0; run < warmUp + repeats; run++) {
    await host.breathe();
    const before = counter && { counts: { ...counter.counts }, liveBytes: counter.liveBytes };
    const workBefore = side.work && { ...side.work };
    const start = host.clock();
    const made = await side.run(run);
    await side.settle();
    if (run >= warmUp) times.push(host.clock() - start);
    if (run === 0) {
      result = made;
      workingBytes = counter && before ? counter.peakBytes - before.liveBytes : 0;
    }
    if (side.work && workBefore) work = workBetween(workBefore, side.work);
    if (counter && before)
      gpu = {
        ...countsBetween(before.counts, counter.counts),
        peakBytes: counter.peakBytes,
        workingBytes,
        grownBytes: counter.liveBytes - before.liveBytes,
        pipelinesSoFar: counter.counts.pipelines,
      };
  }
  return { time: spreadOf(times), gpu, work, result };
}

function workBetween(before: Work, after: Readonly<Work>): Work {
  return { multiplyAdds: after.multiplyAdds - before.multiplyAdds, bytes: after.bytes - before.bytes };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, lowest: sorted[0]!, highest: sorted.at(-1)!, repeats: sorted.length };
}
