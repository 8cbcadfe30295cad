/** What a run or an evaluation does outside the document's flow: the tab's title, the wake lock, saving when hidden. */
import { useEffect, useState } from 'react';
import { estimate } from '../store/eta';
import { formatEta } from '../store/format';
import { latest } from '../store/history';
import type { StudioState } from '../store/state';
import { useSession, useStudio } from './context';

const ANNOUNCE_MS = 10_000;

/** `37% · 0.62` while a run is on screen: how far, and the newest reward; `37% evaluated` meanwhile. */
export function titleOf({
  run,
  history,
  evaluations,
}: Pick<StudioState, 'run' | 'history' | 'evaluations'>): string {
  if (evaluations.atWork) {
    const { done, total } = evaluations.atWork.progress ?? { done: 0, total: 1 };
    return `${Math.floor((100 * done) / Math.max(1, total))}% evaluated`;
  }
  if (!run || run.status === 'idle') return 'CRPO Studio';
  const percent = Math.floor((100 * run.step) / Math.max(1, run.config.steps));
  const reward = latest(history, 'reward');
  return `${percent}%${reward === null ? '' : ` · ${reward.toFixed(2)}`}${run.status === 'running' ? '' : ` (${run.status})`}`;
}

export function useTitle(): void {
  const title = useStudio(titleOf);
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Whether the trainer computes. */
const isBusy = ({ run, evaluations }: StudioState): boolean =>
  run?.status === 'running' || evaluations.atWork !== null;

/** Keeps the screen on while the trainer computes and the page is looked at. */
export function useWakeLock(): void {
  const running = useStudio(isBusy);
  useEffect(() => {
    if (!running || !('wakeLock' in navigator)) return;
    let lock: WakeLockSentinel | null = null;
    let ended = false;
    const request = async () => {
      if (document.hidden) return;
      try {
        const granted = await navigator.wakeLock.request('screen');
        if (ended) await granted.release();
        else lock = granted;
      } catch {
        // Low battery or policy: the run goes on, only the screen may sleep.
      }
    };
    void request();
    document.addEventListener('visibilitychange', request);
    return () => {
      ended = true;
      document.removeEventListener('visibilitychange', request);
      void lock?.release();
    };
  }, [running]);
}

/** Asks the browser to keep what is stored, once there is something worth keeping. */
export function usePersistentStorage(): void {
  const running = useStudio(isBusy);
  useEffect(() => {
    if (running) void navigator.storage?.persist?.(); // a refusal is shown with the storage's figures
  }, [running]);
}

/** A hidden page may be frozen or closed without another word: the trainer saves first. */
export function useSaveWhenHidden(): void {
  const session = useSession();
  useEffect(() => {
    const onChange = () => {
      if (document.hidden) session.pageHidden();
    };
    document.addEventListener('visibilitychange', onChange);
    return () => document.removeEventListener('visibilitychange', onChange);
  }, [session]);
}

/** What a screen reader hears of the run: a sentence, at most every 10 s. */
export function useAnnouncement(): string {
  const sentence = useStudio(announcementOf);
  const [said, setSaid] = useState({ sentence: '', at: -ANNOUNCE_MS });
  useEffect(() => {
    if (sentence === said.sentence) return;
    const wait = Math.max(0, said.at + ANNOUNCE_MS - performance.now());
    const timer = setTimeout(() => setSaid({ sentence, at: performance.now() }), wait);
    return () => clearTimeout(timer);
  }, [sentence, said]);
  return said.sentence;
}

function announcementOf({ run, history }: StudioState): string {
  if (!run) return '';
  const reward = latest(history, 'reward');
  const eta = run.status === 'running' ? estimate(history, run.config, run.step) : null;
  return [
    `Run ${run.config.name} ${run.status}, step ${run.step} of ${run.config.steps}.`,
    reward === null ? '' : `Reward ${reward.toFixed(2)}.`,
    eta ? `${formatEta(eta)} left.` : '',
  ].join(' ');
}
