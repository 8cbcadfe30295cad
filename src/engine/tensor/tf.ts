/**
 * TensorFlow.js with its backends registered: wasm here, webgpu by `chooseBackend`, cpu and webgl by
 * the package itself. No other folder imports `@tensorflow/*`.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';

export { tf };
