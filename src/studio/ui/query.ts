/** View settings in the address (`?smoothing=0.6#/train`), so that a link shows what its sender saw. */
import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('popstate', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('popstate', listener);
  };
}

/** The value of one query key, `fallback` when absent; setting `fallback` removes the key. */
export function useQuery(key: string, fallback: string): [string, (value: string) => void] {
  const value = useSyncExternalStore(
    subscribe,
    () => new URLSearchParams(location.search).get(key) ?? fallback,
  );
  const set = (next: string) => {
    const url = new URL(location.href);
    if (next === fallback) url.searchParams.delete(key);
    else url.searchParams.set(key, next);
    history.replaceState(history.state, '', url);
    for (const listener of listeners) listener();
  };
  return [value, set];
}
