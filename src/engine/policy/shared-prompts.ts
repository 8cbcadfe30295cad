/** Equal prompts go through the model once: which are distinct, and which of them each row has. */
import { StudioError } from '../../protocol/errors';

export interface SharedPrompts {
  readonly distinct: readonly (readonly number[])[];
  /** For each prompt given, its place in `distinct`. */
  readonly rowOf: readonly number[];
}

/** Throws `decoder-rows` where there is no prompt, or one without a token. */
export function shareEqual(prompts: readonly (readonly number[])[]): SharedPrompts {
  checkRows('prompts', Math.min(prompts.length, 1), 1);
  const distinct: (readonly number[])[] = [];
  const rows = new Map<string, number>();
  const rowOf = prompts.map((prompt) => {
    if (prompt.length === 0) checkRows('tokens of a prompt', 0, 1);
    const key = prompt.join(',');
    const row = rows.get(key) ?? distinct.push(prompt) - 1;
    rows.set(key, row);
    return row;
  });
  return { distinct, rowOf };
}

export function checkRows(what: string, received: number, expected: number): void {
  if (received === expected) return;
  throw new StudioError({
    boundary: 'internal',
    code: 'decoder-rows',
    message: `internal: expected ${expected} ${what}, received ${received}.`,
  });
}
