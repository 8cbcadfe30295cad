/** The dataset worker: connects the dataset service to the page and to the browser. */
import type { DatasetCommand, DatasetEvent, Numbered } from '../src/protocol';
import { createDatasetService } from './dataset/service';
import { openDatasetDatabase } from './dataset-database';

declare const self: DedicatedWorkerGlobalScope;

const handle = createDatasetService({
  post: (event: DatasetEvent) => self.postMessage(event),
  database: openDatasetDatabase(),
  exclusive: (task) => navigator.locks.request('crpo-studio/dataset-import', task),
  clock: () => performance.now(),
});

self.onmessage = ({ data }: MessageEvent<Numbered<DatasetCommand>>) => {
  void handle(data);
};
