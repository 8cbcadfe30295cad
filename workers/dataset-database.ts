/** Where datasets lie in this browser. The dataset worker writes; the trainer reads. */
import { createStore, type UseStore } from 'idb-keyval';

export function openDatasetDatabase(): UseStore {
  return createStore('crpo-studio-datasets', 'datasets');
}
