/**
 * Scratch buffers that one dispatch fills and a later one reads. A buffer given back is free at once:
 * dispatches run in order, so its next user comes after its last. Sizes are rounded up to few
 * classes, so that steps of slightly different lengths share buffers.
 */
import type { Gpu } from './gpu';
import type { View } from './webgpu';

export class Workspace {
  readonly #gpu: Gpu;
  /** By size in bytes. */
  readonly #free = new Map<number, View[]>();
  readonly #taken = new Map<View, View>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** `values` 4-byte values with any content. `label`: what for, should a buffer be made for it. */
  take(values: number, label = 'scratch'): View {
    const bytes = classOf(values * 4);
    let whole = this.#free.get(bytes)?.pop();
    if (whole === undefined) {
      whole = this.#gpu.allocate(bytes / 4, label);
    }
    const view = { buffer: whole.buffer, offset: 0, size: values * 4 };
    this.#taken.set(view, whole);
    return view;
  }

  give(...views: readonly View[]): void {
    for (const view of views) {
      const whole = this.#taken.get(view);
      if (whole === undefined) throw new Error('internal: a scratch buffer was given back twice.');
      this.#taken.delete(view);
      const free = this.#free.get(whole.size) ?? [];
      this.#free.set(whole.size, free);
      free.push(whole);
    }
  }

  /** After a failure, when nobody is left to give back what was taken. */
  giveAll(): void {
    this.give(...this.#taken.keys());
  }

  /** Destroys what is free. */
  trim(): void {
    for (const views of this.#free.values()) this.#gpu.free(...views.splice(0));
  }
}

/** Up to an eighth more than asked for. */
export function classOf(bytes: number): number {
  const step = 2 ** Math.max(8, Math.floor(Math.log2(Math.max(1, bytes))) - 3);
  return Math.ceil(bytes / step) * step;
}
