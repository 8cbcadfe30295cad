/**
 * A compute kernel as data: its bindings and uniforms by name, and the body of `main`. What every
 * kernel needs around it (declarations, linear indices) is written here once.
 *
 * Inside `main` these stand for:
 *   group   u32, linear index of the workgroup, also where a grid was folded into two dimensions
 *   lane    u32, linear index of the invocation in its workgroup
 *   index   u32, group · workgroupSize + lane
 *   tile    vec3<u32>, the workgroup's index per dimension; local: vec3<u32>, the invocation's
 *   u       the uniforms, `u.rows` and so on
 *   sublane u32, the invocation's index in its subgroup, in a kernel with `subgroups`
 * A linear grid may be larger than asked for, so compare `group` or `index` with a uniform first.
 */

type Scalar = 'f32' | 'i32' | 'u32';
type Element = Scalar | 'vec2<f32>' | 'vec4<f32>' | 'vec2<u32>' | 'vec4<u32>' | 'vec4<i32>';

/** An array of elements; `mut` may be written, and may be read as well. */
export type BindingType = Element | `mut ${Element}`;

export interface KernelSource {
  /** In the order of binding indices, at most 8 with the portable limits. */
  readonly bindings: Readonly<Record<string, BindingType>>;
  /** In the order in which they lie, 4 bytes each. */
  readonly uniforms: Readonly<Record<string, Scalar>>;
  /** Invocations per workgroup: x, or x and y. */
  readonly workgroupSize: number | readonly [number, number];
  /** Workgroup memory, functions, constants. */
  readonly declarations?: string;
  readonly main: string;
  /** It uses subgroup functions: only where `Gpu.subgroupSize` is a number. */
  readonly subgroups?: boolean;
}

export interface Kernel extends KernelSource {
  /** Unique per WGSL text. */
  readonly name: string;
}

const kernels = new Map<string, Kernel>();

/** The kernel of that name, made at its first use; the name must tell variants apart. */
export function kernel(name: string, make: () => KernelSource): Kernel {
  let made = kernels.get(name);
  if (made === undefined) {
    made = { name, ...make() };
    kernels.set(name, made);
  }
  return made;
}

/** The whole WGSL module. */
export function wgslOf({
  bindings,
  uniforms,
  workgroupSize,
  declarations = '',
  main,
  subgroups = false,
}: Kernel): string {
  const [width, height] = typeof workgroupSize === 'number' ? [workgroupSize, 1] : workgroupSize;
  const arrays = Object.entries(bindings).map(([name, type], binding) => {
    const written = type.startsWith('mut ');
    const element = written ? type.slice('mut '.length) : type;
    const access = written ? 'read_write' : 'read';
    return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${element}>;`;
  });
  const fields = Object.entries(uniforms).map(([name, type]) => `  ${name}: ${type},`);
  const block =
    fields.length === 0
      ? []
      : [
          'struct Uniforms {',
          ...fields,
          '}',
          `@group(0) @binding(${arrays.length}) var<uniform> u: Uniforms;`,
        ];
  return [
    ...(subgroups ? ['enable subgroups;'] : []),
    ...arrays,
    ...block,
    declarations,
    `@compute @workgroup_size(${width}, ${height})`,
    'fn main(@builtin(workgroup_id) tile: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,',
    `        @builtin(local_invocation_id) local: vec3<u32>${subgroups ? ', @builtin(subgroup_invocation_id) sublane: u32' : ''}) {`,
    `  let lane = local.y * ${width}u + local.x;`,
    '  let group = tile.y * grid.x + tile.x;',
    `  let index = group * ${width * height}u + lane;`,
    main,
    '}',
  ].join('\n');
}

/** A sum or maximum over the lanes of a workgroup, by halves: `array[0]` holds it afterwards. */
export function reduceLanes(array: string, lanes: number, combine: 'sum' | 'max' = 'sum'): string {
  const steps: string[] = [];
  for (let half = lanes / 2; half >= 1; half /= 2) {
    const [a, b] = [`${array}[lane]`, `${array}[lane + ${half}u]`];
    const result = combine === 'sum' ? `${a} + ${b}` : `max(${a}, ${b})`;
    steps.push(`workgroupBarrier(); if (lane < ${half}u) { ${a} = ${result}; }`);
  }
  return [...steps, 'workgroupBarrier();'].join('\n');
}

/** `count` copies of a line, for what WGSL cannot loop over. */
export function unroll(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}
