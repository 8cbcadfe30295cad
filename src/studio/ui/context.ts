/** How components reach the session (to act), the store (to read) and the scorer (to ask). */
import {
  createContext,
  type RefObject,
  startTransition,
  useContext,
  useEffect,
  useRef,
  useState,
} from 'react';
import { useStore } from 'zustand';
import type { Scorer } from '../store/scorer';
import type { Session } from '../store/session';
import type { StudioState } from '../store/state';
import type { StudioStore } from '../store/studio';

interface StudioContextValue {
  readonly store: StudioStore;
  readonly session: Session;
  readonly scorer: Scorer;
}

export const StudioContext = createContext<StudioContextValue | null>(null);

function useStudioContext() {
  const context = useContext(StudioContext);
  if (!context) throw new Error('internal: no StudioContext above this component');
  return context;
}

export const useSession = (): Session => useStudioContext().session;

/** Scores texts on demand: `useScorer().score(input, rewards, signal?)`. */
export const useScorer = (): Scorer => useStudioContext().scorer;

/** A part of the state; `select` must return what the state holds, not a new object. */
export const useStudio = <T>(select: (state: StudioState) => T): T =>
  useStore(useStudioContext().store.api, select);

/** Whether the element is on screen; true where that cannot be told. */
export function useOnScreen(element: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    if (!element.current || typeof IntersectionObserver === 'undefined') return;
    const observer = new IntersectionObserver((entries) => setSeen(entries.at(-1)!.isIntersecting));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return seen;
}

/**
 * The element's inner width in pixels; null before it is known, 0 where nothing is laid out. The
 * browser tells it with its next frame: to ask for it at once would lay out the whole page on the spot.
 */
export function useWidth(element: RefObject<Element | null>): number | null {
  const [width, setWidth] = useState<number | null>(null);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver((entries) => setWidth(Math.round(entries.at(-1)!.contentRect.width)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** Calls back once the browser has painted; a hidden page paints nothing. @returns what takes it back */
export function afterNextFrame(callback: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frame = requestAnimationFrame(() => {
    timer = setTimeout(callback);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}

/** Whether the component has been painted once: for what can follow, so that a screen opens in shorter tasks. */
export function useIsPainted(): boolean {
  const [isPainted, setIsPainted] = useState(false);
  useEffect(() => afterNextFrame(() => setIsPainted(true)), []);
  return isPainted;
}

/** `value`, taken over at most once per `ms` and without blocking input: for what is dear to draw. */
export function useSlowly<T>(value: T, ms: number): T {
  const [shown, setShown] = useState(value);
  const takenAt = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, takenAt.current + ms - performance.now());
    const timer = setTimeout(() => {
      takenAt.current = performance.now();
      startTransition(() => setShown(() => value));
    }, wait);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return shown;
}
