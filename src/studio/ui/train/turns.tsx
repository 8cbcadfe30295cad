/**
 * Charts take turns. Drawing one costs tens of milliseconds, most of which React cannot interrupt
 * (Recharts answers its own layout with more drawing), taking one away costs a good part of that, and the
 * screen of a run has eleven: drawn together, or left together, they would hold the page still. So each is
 * a React root of its own, drawn and taken away in tasks of its own, with a painted frame before each, in
 * the order they asked.
 */
import { type ReactNode, type RefObject, startTransition, useEffect, useRef, useState } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import { afterNextFrame } from '../context';

interface Turn {
  /** Begins its work, which ends with `release`. */
  take(): void;
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
  turn.take();
}

function release(turn: Turn): void {
  if (atWork !== turn) return;
  atWork = null;
  if (waiting.size > 0) afterNextFrame(next);
}

/** A chart comes in stages, a turn each, since all of it at once would be the longest task of all. */
const STAGES = ['room', 'axes', 'lines'] as const;
export type Stage = (typeof STAGES)[number];

/** What the chart consists of from this stage on. */
type Draw = (stage: Stage) => ReactNode;

/** One chart: asks for a turn whenever it has something new, and for a last one to be taken away. */
class Drawing implements Turn {
  private readonly place: HTMLElement;
  private readonly fail: (error: unknown) => void;
  private draw: Draw = () => null;
  private root: Root | null = null;
  private stage = 0;
  private isClosed = false;

  constructor(place: HTMLElement, fail: (error: unknown) => void) {
    this.place = place;
    this.fail = fail;
  }

  /** Between two turns only the newest counts. */
  show(draw: Draw): void {
    this.draw = draw;
    ask(this);
  }

  /** What is drawn stays as it is. */
  hold(): void {
    waiting.delete(this);
  }

  /** Its place may be gone from the document before its last turn comes. */
  close(): void {
    this.isClosed = true;
    this.hold();
    release(this);
    if (this.root) ask(this);
  }

  take(): void {
    if (this.isClosed) {
      this.root?.unmount();
      release(this);
      return;
    }
    this.root ??= createRoot(this.place, {
      onUncaughtError: (error) => {
        release(this);
        this.fail(error);
      },
    });
    const { root, draw, stage } = this;
    const onDrawn = () => this.onDrawn(stage);
    startTransition(() => root.render(<Drawn draw={draw} stage={STAGES[stage]!} onDrawn={onDrawn} />));
  }

  private onDrawn(stage: number): void {
    release(this);
    if (this.isClosed || stage === STAGES.length - 1) return;
    this.stage = stage + 1;
    ask(this);
  }
}

interface DrawnProps {
  readonly draw: Draw;
  readonly stage: Stage;
  readonly onDrawn: () => void;
}

function Drawn({ draw, stage, onDrawn }: DrawnProps) {
  useEffect(onDrawn, [onDrawn]);
  return draw(stage);
}

/**
 * Draws into `place`, in turns, whenever `draw` is another; null: what is drawn stays as it is. What
 * fails in there fails in the calling component.
 */
export function useDrawing(place: RefObject<HTMLElement | null>, draw: Draw | null): void {
  const [failure, setFailure] = useState<{ readonly error: unknown } | null>(null);
  const drawing = useRef<Drawing | null>(null);
  useEffect(() => {
    const opened = new Drawing(place.current!, (error) => setFailure({ error }));
    drawing.current = opened;
    return () => opened.close();
  }, [place]);
  useEffect(() => {
    if (draw) drawing.current?.show(draw);
    else drawing.current?.hold();
  }, [draw]);
  if (failure) throw failure.error;
}
