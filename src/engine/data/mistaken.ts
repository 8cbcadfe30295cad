/**
 * Files that hold no rows that can be read here: what they are, told from their first bytes, and
 * what to do. The caller decides whether to believe it: a JSONL file with a damaged first line must
 * not be refused.
 */
import { startsWith } from './records';

export interface MistakenFile {
  readonly code: string;
  /** Continues "received …". */
  readonly what: string;
  readonly action: string;
}

const UNPACK = 'Unpack it and choose the file of questions inside.';
const CONVERT = 'Convert it to JSON Lines, one row per line.';

const SIGNATURES: readonly (readonly [bytes: readonly number[], file: MistakenFile])[] = [
  [
    [0x50, 0x4b, 0x03, 0x04],
    {
      code: 'dataset-is-zip',
      what: 'a zip archive (spreadsheets are zip archives too)',
      action: `${UNPACK} A checkpoint belongs on the Checkpoints page.`,
    },
  ],
  [[0x1f, 0x8b], { code: 'dataset-is-compressed', what: 'a gzip-compressed file', action: UNPACK }],
  [
    [0x28, 0xb5, 0x2f, 0xfd],
    { code: 'dataset-is-compressed', what: 'a zstd-compressed file', action: UNPACK },
  ],
  [
    [0x50, 0x41, 0x52, 0x31],
    {
      code: 'dataset-is-parquet',
      what: 'a Parquet file',
      action: 'Convert it: in Python, pandas.read_parquet(FILE).to_json(OUT, orient="records", lines=True).',
    },
  ],
  [[0x25, 0x50, 0x44, 0x46], { code: 'dataset-is-binary', what: 'a PDF document', action: CONVERT }],
  [
    [0xff, 0xfe],
    { code: 'dataset-is-utf16', what: 'text in UTF-16', action: 'Save it again with the encoding UTF-8.' },
  ],
  [
    [0xfe, 0xff],
    { code: 'dataset-is-utf16', what: 'text in UTF-16', action: 'Save it again with the encoding UTF-8.' },
  ],
];

/** What the file seems to be, if it does not seem to hold rows. @param head the first kilobytes */
export function recogniseMistake(head: Uint8Array): MistakenFile | null {
  for (const [bytes, file] of SIGNATURES) {
    if (startsWith(head, bytes)) return file;
  }
  if (isSafetensors(head)) {
    return {
      code: 'dataset-is-safetensors',
      what: 'model weights (safetensors)',
      action: 'Choose the whole model folder under Model; here a file of questions is expected.',
    };
  }
  if (head.includes(0)) {
    return {
      code: 'dataset-is-binary',
      what: 'a binary file',
      action: 'Choose a JSON, CSV or TSV file of questions.',
    };
  }
  return recogniseText(new TextDecoder('utf-8').decode(head).trimStart());
}

/** Eight bytes of header length, then the header, which is a JSON object. */
function isSafetensors(head: Uint8Array): boolean {
  if (head.length < 10 || head[8] !== 0x7b) return false;
  return head[5] === 0 && head[6] === 0 && head[7] === 0;
}

function recogniseText(text: string): MistakenFile | null {
  if (text.startsWith('<')) {
    return {
      code: 'dataset-is-markup',
      what: 'a web page or XML',
      action: 'Download the raw file rather than the page that shows it.',
    };
  }
  return null;
}

/** One row of a set, written over many lines. */
export const SPREAD_OUT_ROW: MistakenFile = {
  code: 'dataset-is-json-object',
  what: 'one JSON object over several lines, which holds no rows by their keys',
  action: 'Write one row per line: jq -c "." FILE > FILE.jsonl.',
};
