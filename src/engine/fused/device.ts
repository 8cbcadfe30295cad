/** What all fused policies of a device share: the layer, scratch buffers, the pace, the chosen kernels. */
import type { Pausable } from '../crpo/environment';
import { breathe } from '../crpo/environment';
import type { Gpu } from '../gpu';
import { Workspace } from '../gpu';

/** Multiply-adds between two turns until the device's rate is known: a tenth of a second at 20 GFLOPS. */
const DEFAULT_TURN = 1e9;

export class FusedDevice {
  readonly gpu: Gpu;
  readonly workspace: Workspace;
  /** Multiply-adds after which the host gets its turn. */
  readonly turnWork: number;
  #lastTurn = 0;

  constructor(gpu: Gpu, options: { readonly turnWork?: number } = {}) {
    this.gpu = gpu;
    this.workspace = new Workspace(gpu);
    this.turnWork = options.turnWork ?? DEFAULT_TURN;
  }

  /**
   * Lets the host breathe once enough work has been handed out, after the GPU has done it: so a pause
   * takes hold soon, and the queue of waiting commands stays short.
   */
  async turn(host: Pausable): Promise<void> {
    const { multiplyAdds } = this.gpu.counters;
    if (multiplyAdds - this.#lastTurn < this.turnWork) return;
    this.#lastTurn = multiplyAdds;
    await this.gpu.done();
    await breathe(host);
  }
}
