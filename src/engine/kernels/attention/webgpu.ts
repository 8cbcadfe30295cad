/**
 * Attention forward: a softmax over the keys as they come, by its running maximum and sum
 * (Milakov and Gimelshein, 2018; FlashAttention, Dao et al. 2022), so nothing of size rows × rows is
 * ever stored. What the backward needs of it is one log-sum-exp per row and head.
 */
import { type Kernel, kernel, unroll } from '../../gpu';
import {
  attends,
  COLUMNS,
  keysOfBlock,
  LOG2E,
  laneSums,
  ofBlock,
  ownOperands,
  queriesOfLane,
  sumAt,
  type Tile,
  tileName,
  UNIFORMS,
  unrollPairs,
} from './wgsl';

export function forwardKernel(capacity: number, tile: Tile): Kernel {
  const each = (line: (i: number) => string) => unroll(tile.items, line);
  const pairs = (line: (i: number, j: number) => string) => unrollPairs(tile, line);
  return kernel(`attention-${capacity}-${tileName(tile)}`, () => ({
    bindings: { out: 'mut vec4<f32>', lse: 'mut f32', qkv: 'vec4<f32>', segments: 'vec4<i32>' },
    uniforms: UNIFORMS,
    workgroupSize: tile.lanes,
    subgroups: tile.shared,
    declarations: LOG2E + laneSums(capacity, tile),
    // A masked logit lies far below the first maximum, so its weight is 0.
    main: `
${COLUMNS}
${queriesOfLane(tile)}
${ownOperands(capacity, tile, [{ name: 'query', from: 'qkv', at: 'query' }])}
${each((i) => `var maximum${i} = -1e30; var total${i} = 0.0;`)}
for (var block = 0u; block < attended; block += ${tile.block}u) {
  ${keysOfBlock(tile)}
  ${pairs((i, j) => `var w${i}_${j} = 0.0;`)}
  for (var quad = 0u; quad < u.quads; quad++) {
    ${each((i) => `let q${i} = query[${tile.items}u * quad + ${i}u];`)}
    ${ofBlock(tile, 'k', (j) => `qkv[key${j} + quad]`)}
    ${pairs((i, j) => `w${i}_${j} += dot(q${i}, k${j});`)}
  }
  ${pairs((i, j) => `w${i}_${j} = select(-3e38, w${i}_${j} * scale, ${attends(i, j)});`)}
  ${each((i) => `var higher${i} = maximum${i};`)}
  ${pairs((i, j) => `higher${i} = max(higher${i}, w${i}_${j});`)}
  ${each((i) => `let keep${i} = exp2(maximum${i} - higher${i}); maximum${i} = higher${i}; total${i} *= keep${i};`)}
  ${pairs((i, j) => `w${i}_${j} = exp2(w${i}_${j} - higher${i}); total${i} += w${i}_${j};`)}
  for (var quad = 0u; quad < u.quads; quad++) {
    ${ofBlock(tile, 'v', (j) => `qkv[value${j} + quad]`)}
    ${each((i) => `var o${i} = ${sumAt(tile, i)} * keep${i};`)}
    ${pairs((i, j) => `o${i} += w${i}_${j} * v${j};`)}
    ${each((i) => `${sumAt(tile, i)} = o${i};`)}
  }
}
${each(
  (i) => `if (is${i}) {
  for (var quad = 0u; quad < u.quads; quad++) { out[out${i} + quad] = ${sumAt(tile, i)} / total${i}; }
  lse[row${i} * u.heads + head${i}] = maximum${i} / LOG2E + log(total${i});
}`,
)}`,
  }));
}
