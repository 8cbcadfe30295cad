/** Where datasets lie in this browser. The dataset worker writes; the trainer reads. */
import { createStore, type UseStore } from 'idb-keyval';

export function openDatasetDatabase(name = 'crpo-studio-datasets'): UseStore {
  return createStore(name, 'datasets');
}
