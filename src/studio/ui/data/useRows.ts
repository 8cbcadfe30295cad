/** Rows of a dataset by pages, fetched as they come into sight and kept while they may come back. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { DatasetRow, PromptSettings } from '../../../protocol';
import { useSession } from '../context';

/** Rows per request: rendering and counting a page of prompts takes the worker a few milliseconds. */
const PAGE = 50;
const PAGES_KEPT = 60;

export interface Rows {
  /** undefined: on its way. */
  readonly row: (index: number) => DatasetRow | undefined;
  readonly see: (first: number, last: number) => void;
}

/** A new cache whenever the dataset, the prompt or the tokenizer changes. */
export function useRows(
  datasetId: string,
  count: number,
  prompt: PromptSettings,
  tokenizer: string | null,
): Rows {
  const session = useSession();
  const { tags, system, addOpeningTag, maxTokens } = prompt;
  const key = JSON.stringify([datasetId, count, tags, system, addOpeningTag, maxTokens, tokenizer]);
  const cache = useMemo(() => ({ key, pages: new Map<number, readonly DatasetRow[] | null>() }), [key]);
  const [, redraw] = useState(0);
  const [seen, setSeen] = useState({ first: 0, last: 0 });

  const see = useCallback((first: number, last: number) => {
    setSeen((was) => (was.first === first && was.last === last ? was : { first, last }));
  }, []);

  useEffect(() => {
    const settings = { tags, system, addOpeningTag, maxTokens };
    for (let page = Math.floor(seen.first / PAGE); page <= Math.floor(seen.last / PAGE); page++) {
      const from = page * PAGE;
      if (from >= count || cache.pages.has(page)) continue;
      cache.pages.set(page, null);
      session.rows(datasetId, from, Math.min(count, from + PAGE), settings).then(
        (rows) => {
          cache.pages.set(page, rows);
          // A map keeps its keys in the order they came: the first is the oldest.
          if (cache.pages.size > PAGES_KEPT) cache.pages.delete(cache.pages.keys().next().value!);
          redraw((times) => times + 1);
        },
        (thrown: unknown) => session.voice.fail(thrown), // the page stays empty; a new tokenizer or prompt asks again
      );
    }
  }, [session, cache, seen, datasetId, count, tags, system, addOpeningTag, maxTokens]);

  const row = useCallback(
    (index: number) => cache.pages.get(Math.floor(index / PAGE))?.[index % PAGE],
    [cache],
  );
  return { row, see };
}
