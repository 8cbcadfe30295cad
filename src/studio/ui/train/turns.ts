/**
 * Charts take turns. Drawing one costs tens of milliseconds, most of which React cannot interrupt
 * (Recharts answers its own layout with more drawing), and a step changes eleven of them: drawn
 * together they held the page still for half a second. Here each is drawn in a task of its own, with
 * a painted frame before it, in the order they asked.
 */
import { startTransition, useEffect, useRef, useState } from 'react';

interface Turn {
  draw: () => void;
}

/** In the order of asking: who asks again while waiting keeps its place. */
const waiting = new Set<Turn>();
let atWork: Turn | null = null;

function ask(turn: Turn): void {
  waiting.add(turn);
  if (waiting.size === 1 && atWork === null) afterNextFrame(next);
}

function next(): void {
  const [turn] = waiting;
  if (atWork !== null || turn === undefined) return;
  waiting.delete(turn);
  atWork = turn;
  turn.draw();
}

/** `turn` is drawn, or gone. */
function release(turn: Turn): void {
  if (atWork !== turn) return;
  atWork = null;
  if (waiting.size > 0) afterNextFrame(next);
}

/** Calls back once the browser has painted. A hidden page paints nothing, and draws no chart. */
function afterNextFrame(callback: () => void): void {
  requestAnimationFrame(() => setTimeout(callback));
}

/**
 * `value` as of this component's last turn; null before the first. While `wanted` is false it keeps
 * what it has. Between two turns only the newest value counts.
 */
export function useTurn<T>(value: T, wanted: boolean): T | null {
  const [drawn, setDrawn] = useState<T | null>(null);
  const { current: turn } = useRef<Turn>({ draw: () => {} });
  useEffect(() => {
    if (wanted && !Object.is(drawn, value)) {
      turn.draw = () => startTransition(() => setDrawn(() => value));
      ask(turn);
    } else waiting.delete(turn);
  }, [turn, value, wanted, drawn]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was drawn is on the page now
  useEffect(() => release(turn), [turn, drawn]);
  useEffect(
    () => () => {
      waiting.delete(turn);
      release(turn);
    },
    [turn],
  );
  return drawn;
}
