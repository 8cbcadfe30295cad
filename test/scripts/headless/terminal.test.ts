import { describe, expect, it } from 'vitest';
import { createTerminal } from '../../../scripts/headless/terminal.mjs';

function record(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 20, write: (text: string) => written.push(text) };
  return { terminal: createTerminal(stream), written };
}

describe('createTerminal', () => {
  it('writes plain lines into a pipe and no status', () => {
    const { terminal, written } = record(false);
    terminal.status('sample 1/4');
    terminal.line('step 1/2');
    expect(written).toEqual(['step 1/2\n']);
  });

  it('redraws the status below the lines on a terminal', () => {
    const { terminal, written } = record(true);
    terminal.status('sample 1/4');
    terminal.line('step 1/2');
    expect(written).toEqual(['\r\x1b[2Ksample 1/4', '\r\x1b[2Kstep 1/2\n', '\r\x1b[2Ksample 1/4']);
  });

  it('cuts the status where the terminal ends, and draws it once', () => {
    const { terminal, written } = record(true);
    terminal.status('123456789012345678901234567890');
    terminal.status('123456789012345678901234567890');
    expect(written).toEqual(['\r\x1b[2K1234567890123456789']);
  });
});
