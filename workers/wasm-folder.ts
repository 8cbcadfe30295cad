/**
 * URL of the folder of tfjs' .wasm files: the build puts a worker's script into a folder beside it; the
 * development server serves it from the root.
 */
export function wasmFolder(): string {
  return new URL(import.meta.env.DEV ? '/wasm/' : '../wasm/', self.location.href).href;
}
