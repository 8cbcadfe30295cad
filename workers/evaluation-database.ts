/** Where evaluations lie in this browser. The trainer writes and reads. */
import { createStore, type UseStore } from 'idb-keyval';

export function openEvaluationDatabase(): UseStore {
  return createStore('crpo-studio-evaluations', 'evaluations');
}
