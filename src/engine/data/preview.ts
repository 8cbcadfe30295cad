/** What a column mapping makes of a file's first rows, before anybody reads the file by it. */
import type { ColumnMapping, MappingPreview } from '../../protocol';
import type { ByteSource } from '../files';
import { chooseContainer } from './choose-layout';
import { isRow, readCase } from './layout';
import { mappedLayout } from './mapped';
import { chunksOf, recordsOf } from './records';

const PREVIEWED_ROWS = 20;
/** So far a row is looked for. */
const MAX_BYTES = 8 * 1024 * 1024;

/** @throws StudioError `mapping-impossible`, `dataset-is-…` for a file that holds no rows */
export async function previewMapping(
  source: ByteSource,
  name: string,
  mapping: ColumnMapping,
): Promise<MappingPreview> {
  const container = await chooseContainer(source, name);
  const layout = mappedLayout(mapping, name);
  let first: MappingPreview['case'] = null;
  let problem: MappingPreview['problem'] = null;
  let rowsLookedAt = 0;
  let rowsRead = 0;
  for await (const record of recordsOf(container, chunksOf(source))) {
    if (record.byteOffset > MAX_BYTES) break;
    const parsed = record.fault === null ? container.parse(record) : null;
    // What is no row says nothing of the mapping; the import reports it.
    if (parsed === null || 'fault' in parsed || !isRow(parsed.value)) continue;
    const { line, ordinal } = record;
    const reading = readCase(layout, parsed.value, { line, ordinal, key: parsed.key });
    if ('case' in reading) {
      first ??= reading.case;
      rowsRead++;
    } else problem ??= { line, kind: reading.problem, message: reading.message };
    if (++rowsLookedAt === PREVIEWED_ROWS) break;
  }
  return { case: first, rowsLookedAt, rowsRead, problem };
}
