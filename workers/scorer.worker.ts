/** The scorer's thread: what the page wants scored on demand does not wait for the trainer. */
import type { Numbered, ScorerCommand } from '../src/protocol';
import { createScorerService } from './scorer/service';

const score = createScorerService((event) => self.postMessage(event));

self.onmessage = ({ data }: MessageEvent<Numbered<ScorerCommand>>) => score(data);
