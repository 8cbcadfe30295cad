/** One measurement of the engine. */
import { measureHere as measureEngine } from '../src/engine/bench/engine-isolate';
import { measureHere } from './bench/measure-here';

self.onmessage = measureHere(measureEngine);
