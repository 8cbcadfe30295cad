/**
 * What the attention kernels share. A lane takes one or two items (a query of a head, or a key) and
 * walks the other side in blocks, all lanes of a workgroup the same, and makes all products of its items
 * with those of a block: a load, which is what costs, serves several products. Where a workgroup is a
 * small subgroup, a block has an item for each lane to load, and to broadcast. The loops over a head's
 * values stay loops, since their count is a uniform: a shader is as small for a wide head as for a
 * narrow one. What a lane sums up lies in workgroup memory, touched once per block, at places of its
 * own: no lane waits for another, and the order of every sum is fixed.
 */
import { unroll } from '../../gpu';

/** Items of a block, and the lanes of a workgroup, where the lanes share no loads. */
const BLOCK = 4;
const MAX_LANES = 32;
/** Of the portable 16 KiB. */
const WORKGROUP_VALUES = 4096;

export interface Tile {
  /** Items of a lane. */
  readonly items: 1 | 2;
  readonly lanes: number;
  /** Items that a lane meets at a time. */
  readonly block: number;
  /** Each lane loads one of them, and broadcasts it. */
  readonly shared: boolean;
}

/**
 * @param sums values that an item sums up
 * @param sharing lanes of a subgroup that share their loads (`broadcastLanes`)
 */
export function tileOf(sums: number, sharing: number | null): Tile {
  const most = sharing ?? MAX_LANES;
  const items = sums * 2 * most <= WORKGROUP_VALUES ? 2 : 1;
  if (sharing !== null) return { items, lanes: sharing, block: sharing, shared: true };
  const fitting = Math.min(most, Math.floor(WORKGROUP_VALUES / (items * sums)));
  return { items, lanes: 2 ** Math.floor(Math.log2(fitting)), block: BLOCK, shared: false };
}

/** What tells kernels of other tiles apart. */
export function tileName({ lanes, shared }: Tile): string {
  return shared ? `shared-${lanes}` : 'own';
}

/** Heads up to this width have a kernel in common: a power of 2. */
export function capacityOf(headWidth: number): number {
  return Math.max(32, 2 ** Math.ceil(Math.log2(headWidth)));
}

/** The same for all kernels. `quads`: vec4 in a head; `scale`: from a product q·k to a logit. */
export const UNIFORMS = {
  rows: 'u32',
  heads: 'u32',
  keyValueHeads: 'u32',
  quads: 'u32',
  scale: 'f32',
} as const;

/** Logits are kept in units of log 2, for exp2 costs less than exp. */
export const LOG2E = `const LOG2E = ${Math.LOG2E};\n`;

/** `sums`, or another array of that size: `capacity` values for each item of each lane, zeros at first. */
export function laneSums(capacity: number, { items, lanes }: Tile, name = 'sums'): string {
  return `var<workgroup> ${name}: array<vec4<f32>, ${(items * capacity * lanes) / 4}>;\n`;
}

/** A lane's own operands, which it loads once: `name`{i} of item i begins at the vec4 `at`{i} of `from`. */
export function ownOperands(
  capacity: number,
  { items }: Tile,
  operands: readonly { readonly name: string; readonly from: string; readonly at: string }[],
): string {
  return `
${operands.map(({ name }) => `var ${name}: array<vec4<f32>, ${(items * capacity) / 4}>;`).join('\n')}
for (var quad = 0u; quad < u.quads; quad++) {
  ${unroll(items, (i) =>
    operands
      .map(({ name, from, at }) => `${name}[${items}u * quad + ${i}u] = ${from}[${at}${i} + quad];`)
      .join('\n'),
  )}
}`;
}

/** A lane's vec4 `quad` of item i. Lanes lie side by side. */
export function sumAt({ items, lanes }: Tile, i: number | string, quad = 'quad', name = 'sums'): string {
  return `${name}[(${items}u * (${quad}) + ${i}) * ${lanes}u + lane]`;
}

/** Where things begin, in vec4: the stride of qkv, and the first key and value head in it. */
export const COLUMNS = `
let stride = (u.heads + 2u * u.keyValueHeads) * u.quads;
let firstKey = u.heads * u.quads;
let firstValue = (u.heads + u.keyValueHeads) * u.quads;
let sharing = u.heads / u.keyValueHeads;
let scale = u.scale * LOG2E;`;

/**
 * The lane's queries of the heads that share key head tile.y, as items row · sharing + head: of each
 * the row, head and segment, whether it is one at all, and where its query and its output begin.
 * All that the workgroup's queries attend to are `attended` rows.
 *
 * In the order of `packSegments` these are the prefix of the first row, and all from the beginning of
 * its segment on: what later segments attend to begins there or is that prefix.
 */
export function queriesOfLane({ items, lanes }: Tile): string {
  return `
let queries = u.rows * sharing;
let begin = tile.x * ${lanes * items}u;
let end = min(begin + ${lanes * items}u, queries);
${unroll(
  items,
  (i) => `let item${i} = min(begin + lane * ${items}u + ${i}u, queries - 1u);
let is${i} = begin + lane * ${items}u + ${i}u < queries;
let row${i} = item${i} / sharing;
let head${i} = tile.y * sharing + item${i} % sharing;
let segment${i} = vec4<u32>(segments[row${i}]);
let query${i} = row${i} * stride + head${i} * u.quads;
let out${i} = (row${i} * u.heads + head${i}) * u.quads;`,
)}
let segment = vec4<u32>(segments[begin / sharing]);
let prefix = segment.w - segment.z;
let attended = prefix + (end - 1u) / sharing + 1u - segment.y;
let keys = firstKey + tile.y * u.quads;
let values = firstValue + tile.y * u.quads;`;
}

/**
 * `name`0, `name`1, … of the items of a block. `value` of an item, from others by the same suffix; the
 * item's number is for the first of them. Shared, a lane's own has the suffix Mine.
 */
export function ofBlock(
  { block, shared }: Tile,
  name: string,
  value: (suffix: string | number, item: string) => string,
): string {
  if (!shared) return unroll(block, (j) => `let ${name}${j} = ${value(j, `${j}u`)};`);
  return `let ${name}Mine = ${value('Mine', 'sublane')};
${unroll(block, (j) => `let ${name}${j} = subgroupBroadcast(${name}Mine, ${j}u);`)}`;
}

/** Of the keys from `block` on: row, and where key and value begin. Past the last, the last again. */
export function keysOfBlock(tile: Tile): string {
  return [
    ofBlock(tile, 'at', (_, item) => `min(block + ${item}, attended - 1u)`),
    ofBlock(tile, 'other', (j) => `at${j} + select(segment.y - prefix, segment.z, at${j} < prefix)`),
    ofBlock(tile, 'key', (j) => `other${j} * stride + keys`),
    ofBlock(tile, 'value', (j) => `other${j} * stride + values`),
  ].join('\n');
}

/** Whether query i attends to key j of the block. */
export function attends(i: number, j: number): string {
  const own = `other${j} - segment${i}.y <= row${i} - segment${i}.y`;
  const prefix = `other${j} - segment${i}.z < segment${i}.w - segment${i}.z`;
  return `(block + ${j}u < attended) & ((${own}) | (${prefix}))`;
}

/** Text for each item of a lane with each of a block. */
export function unrollPairs({ items, block }: Tile, line: (i: number, j: number) => string): string {
  return unroll(items, (i) => unroll(block, (j) => line(i, j)));
}
