/**
 * `npm run score`: completions on stdin, their rewards on stdout, one JSON line each, in order.
 *
 * A line is answered as soon as it has arrived, so a long-lived process serves a trainer; memory is
 * bounded by the longest line. A bad row is answered too, by `{"error", "line"}`; blank lines are
 * not. Keys are constant: an objective that does not apply is null, and then `behaviours` is an object
 * of nulls. `evidence` has one entry per objective, and `reward` with the parts that sum up to it.
 * Members of a row beyond the contract are ignored.
 */
import { isUtf8 } from 'node:buffer';
import * as v from 'valibot';
import { presetRewards, scoreCompletion } from '../../src/engine/rewards';
import { toErrorRecord } from '../../src/protocol';

/** A longer line is refused without being held. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;

const Letter = v.pipe(v.string(), v.regex(/^[A-Z]$/));

const Row = v.object({
  completion: v.string(),
  case: v.object({
    question: v.string(),
    options: v.record(Letter, v.string()),
    answer: v.nullable(Letter),
    openAnswer: v.exactOptional(v.string()),
  }),
  tags: v.picklist(['think', 'dx']),
  eos: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(256)), '<|im_end|>'),
  addOpeningTag: v.optional(v.boolean(), false),
  preset: v.optional(v.picklist(['released', 'clinical', 'grpo']), 'released'),
  length: v.exactOptional(
    v.object({ tokens: v.pipe(v.number(), v.integer()), limit: v.pipe(v.number(), v.integer()) }),
  ),
});

/** Answers every line of `input`; `write` is called once per chunk. Resolves to the count of bad rows. */
export async function answerLines(
  input: AsyncIterable<Buffer>,
  write: (answers: string) => Promise<void>,
): Promise<number> {
  let lines = 0;
  let badRows = 0;
  let answers = '';
  const splitter = new LineSplitter((line) => {
    lines++;
    if (line?.every((byte) => byte <= SPACE)) return;
    try {
      answers += `${JSON.stringify(scoreLine(line))}\n`;
    } catch (thrown) {
      badRows++;
      answers += `${JSON.stringify({ error: describe(thrown), line: lines })}\n`;
    }
  });
  const flush = async () => {
    if (answers !== '') await write(answers);
    answers = '';
  };

  for await (const chunk of input) {
    splitter.push(chunk);
    await flush();
  }
  splitter.end();
  await flush();
  return badRows;
}

/** The answer to one row. Throws `BadRow`, or `StudioError` for what the engine refuses. */
function scoreLine(line: Buffer | null) {
  const row = parseRow(line);
  const { rewards, contributions, reward, gate, evidence } = scoreCompletion(row, presetRewards(row.preset));
  const { behaviours } = evidence;
  return {
    accuracy: rewards.accuracy ?? null,
    format: rewards.format ?? null,
    language: rewards.language ?? null,
    citation: rewards.citation ?? null,
    faithfulness: rewards.faithfulness ?? null,
    rejection: rewards.rejection ?? null,
    support: rewards.support ?? null,
    behaviours: {
      verification: behaviours?.counts.verification ?? null,
      backtracking: behaviours?.counts.backtracking ?? null,
      subgoals: behaviours?.counts.subgoals ?? null,
      backwardChaining: behaviours?.counts.backwardChaining ?? null,
      score: rewards.behaviours ?? null,
    },
    integrity: rewards.integrity ?? null,
    reward,
    evidence: { ...evidence, reward: { contributions, gate } },
  };
}

class BadRow extends Error {}

function parseRow(line: Buffer | null): v.InferOutput<typeof Row> {
  if (line === null) throw new BadRow(`The line is longer than ${MAX_LINE_BYTES} bytes.`);
  if (!isUtf8(line)) throw new BadRow('The line is not UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch (error) {
    throw new BadRow(`The line is not JSON: ${(error as SyntaxError).message}`);
  }
  const parsed = v.safeParse(Row, value);
  if (!parsed.success) throw new BadRow(parsed.issues.slice(0, 3).map(describeIssue).join('; '));
  return parsed.output;
}

function describeIssue(issue: v.InferIssue<typeof Row>): string {
  const path = v.getDotPath(issue) ?? 'row';
  if (issue.received === 'undefined') return `${path}: missing`;
  const received = issue.received.length > 60 ? `${issue.received.slice(0, 60)}…` : issue.received;
  return `${path}: expected ${issue.expected}, received ${received}`;
}

function describe(thrown: unknown): string {
  return thrown instanceof BadRow ? thrown.message : toErrorRecord(thrown).message;
}

/** Bytes → lines, without their newline; null stands for a line that was too long to hold. */
class LineSplitter {
  private readonly onLine: (line: Buffer | null) => void;
  /** The unfinished line; emptied, while `size` goes on counting, once it is too long. */
  private parts: Buffer[] = [];
  private size = 0;

  constructor(onLine: (line: Buffer | null) => void) {
    this.onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.hold(chunk.subarray(start, end));
      this.emit();
      start = end + 1;
    }
    this.hold(chunk.subarray(start));
  }

  /** The last line may lack its newline. */
  end(): void {
    if (this.size > 0) this.emit();
  }

  private hold(part: Buffer): void {
    this.size += part.length;
    if (this.size > MAX_LINE_BYTES) this.parts = [];
    else if (part.length > 0) this.parts.push(part);
  }

  private emit(): void {
    const [only] = this.parts;
    const line = this.parts.length === 1 && only !== undefined ? only : Buffer.concat(this.parts);
    const tooLong = this.size > MAX_LINE_BYTES;
    this.parts = [];
    this.size = 0;
    this.onLine(tooLong ? null : line);
  }
}
