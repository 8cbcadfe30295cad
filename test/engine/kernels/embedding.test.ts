import { describe, expect, it } from 'vitest';
import { embed, embedBackward } from '../../../src/engine/kernels/embedding';
import * as reference from '../../../src/engine/kernels/embedding/reference';
import { describeOnGpu } from '../gpu/dawn';
import { centralDifferences, expectClose, upload, values } from './compare';

const cases = [
  { rows: 1, vocabulary: 1, width: 4 },
  { rows: 5, vocabulary: 7, width: 20 },
  { rows: 130, vocabulary: 50, width: 68 },
  { rows: 400, vocabulary: 3, width: 36 },
];

/** `rows` tokens, some of them many times. */
function idsOf(rows: number, vocabulary: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) =>
    row % 4 === 0 ? vocabulary - 1 : (row * row) % vocabulary,
  );
}

/** The rows of each token that occurs, by token from the last to the first. */
function byToken(ids: Int32Array) {
  const tokens = Int32Array.from(new Set(ids)).sort().reverse();
  const starts = [0];
  const members: number[] = [];
  for (const token of tokens) {
    ids.forEach((id, row) => {
      if (id === token) members.push(row);
    });
    starts.push(members.length);
  }
  return { tokens, starts: Uint32Array.from(starts), members: Uint32Array.from(members) };
}

describe('the reference', () => {
  it('takes rows by hand', () => {
    expect([...reference.embed([1, 2, 3, 4, 5, 6], [2, 0, 2], 2)]).toEqual([5, 6, 1, 2, 5, 6]);
  });

  it.each(cases.slice(0, 2))(
    'has the gradient of its forward: $rows × $width',
    ({ rows, vocabulary, width }) => {
      const ids = idsOf(rows, vocabulary);
      const [table, dy] = [values(vocabulary * width, 1), values(rows * width, 2)];
      expectClose(
        reference.embedBackward(dy, ids, width, vocabulary * width),
        centralDifferences((at) => reference.embed(at, ids, width), table, dy),
        1e-8,
      );
    },
  );
});

describeOnGpu('embedding', (gpu) => {
  it.each(cases)('$rows rows of $vocabulary × $width', async ({ rows, vocabulary, width }) => {
    const idsData = idsOf(rows, vocabulary);
    const tableData = values(vocabulary * width, 1);
    const [table, ids, y] = [upload(gpu(), tableData), upload(gpu(), idsData), gpu().allocate(rows * width)];
    embed(gpu(), { table, ids, y, rows, width });
    expect([...(await gpu().readFloats(y))]).toEqual([...reference.embed(tableData, idsData, width)]);

    const groups = byToken(idsData);
    const dyData = values(rows * width, 2);
    const before = values(vocabulary * width, 3);
    const gradient = reference.embedBackward(dyData, idsData, width, vocabulary * width);
    const dy = upload(gpu(), dyData);
    const [tokens, starts, members] = [
      upload(gpu(), groups.tokens),
      upload(gpu(), groups.starts),
      upload(gpu(), groups.members),
    ];
    const added = async () => {
      const dTable = upload(gpu(), before);
      const distinct = groups.tokens.length;
      embedBackward(gpu(), { dy, tokens, starts, members, dTable, distinct, width, rows });
      const found = await gpu().readFloats(dTable);
      gpu().free(dTable);
      return found;
    };
    const found = await added();
    expectClose(
      found,
      gradient.map((value, at) => value + before[at]!),
      2e-6,
      'dTable',
    );
    const occurs = new Set(idsData);
    const untouched = (array: Float32Array) => array.filter((_, at) => !occurs.has(Math.floor(at / width)));
    expect(untouched(found), 'tokens that do not occur').toEqual(untouched(before));
    expect(await added(), 'again, bit by bit').toEqual(found);
    gpu().free(table, ids, y, dy, tokens, starts, members);
  });
});
