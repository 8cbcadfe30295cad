/** One measurement of the baseline; a worker of its own, without what the engine registers with tfjs. */
import { measureHere as measurePlain } from '../src/engine/bench/plain-isolate';
import { measureHere } from './bench/measure-here';

self.onmessage = measureHere(measurePlain);
