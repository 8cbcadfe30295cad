/** What all fused policies of a device share: the layer, scratch buffers, the choice of kernels, the pace. */
import { breathe, type Pausable } from '../crpo/environment';
import { type Gpu, type View, Workspace } from '../gpu';
import { type DecodeAttentionCall, decodeAttention } from '../kernels/decode-attention';
import { type DecodeLinearCall, decodeLinear } from '../kernels/decode-linear';
import { type MatmulCall, matmul } from '../kernels/matmul';
import { defaultTuning, type Tuning, variantFor } from '../kernels/tuning';
import type { Context } from './model';
import type { Dimensions } from './weights';

/** Work between two turns of the host, in seconds of the measured rate. */
const TURN_SECONDS = 0.1;
/** Work in one submit, likewise: far below what a GPU's watchdog allows. */
const SUBMIT_SECONDS = 0.25;

export class FusedDevice {
  readonly gpu: Gpu;
  readonly workspace: Workspace;
  #tuning: Tuning;
  #lastTurn = 0;

  /** `tuning`: which variants of the kernels run; without it a guess for a software adapter. */
  constructor(gpu: Gpu, tuning: Tuning = defaultTuning({ software: true })) {
    this.gpu = gpu;
    this.workspace = new Workspace(gpu);
    this.#tuning = tuning;
    this.tuning = tuning;
  }

  get tuning(): Tuning {
    return this.#tuning;
  }

  /** Not while a policy computes: variants differ in their last bits. */
  set tuning(tuning: Tuning) {
    this.#tuning = tuning;
    this.gpu.maxWorkPerSubmit = tuning.multiplyAddsPerSecond * SUBMIT_SECONDS;
  }

  /** For one model. `table`: angles of positions, as of `Context`. */
  context(dimensions: Dimensions, table: View): Context {
    const { gpu, workspace } = this;
    return {
      ...{ gpu, workspace, dimensions, table },
      product: (call) => this.product(call),
      linear: (call) => this.linear(call),
      attend: (call) => this.attend(call),
      turn: (host) => this.turn(host),
    };
  }

  /** A matrix product in the variant that suits the device. */
  product(call: MatmulCall): void {
    matmul(this.gpu, { ...call, variant: variantFor(this.#tuning, call) });
  }

  /** A linear layer for one token of each row, likewise. */
  linear(call: DecodeLinearCall): void {
    decodeLinear(this.gpu, { ...call, variant: variantFor(this.#tuning, call) });
  }

  /** Attention of one token of each row, likewise. */
  attend(call: DecodeAttentionCall): void {
    decodeAttention(this.gpu, { ...call, variant: this.#tuning.decodeAttention });
  }

  /**
   * Lets the host breathe once enough work has been handed out, after the GPU has done it: so a pause
   * takes hold soon, and the queue of waiting commands stays short.
   */
  async turn(host: Pausable): Promise<void> {
    const { multiplyAdds } = this.gpu.counters;
    if (multiplyAdds - this.#lastTurn < this.#tuning.multiplyAddsPerSecond * TURN_SECONDS) return;
    this.#lastTurn = multiplyAdds;
    await this.gpu.done();
    await breathe(host);
  }
}
