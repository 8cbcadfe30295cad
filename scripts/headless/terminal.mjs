/** Standard output of a headless run: lines that stay, and on a terminal one that is drawn over. */

/**
 * @typedef {object} Terminal
 * @property {(line: string) => void} line a line that stays
 * @property {(text: string) => void} status what is happening now; nothing where there is no terminal
 */

/**
 * @param {{ isTTY?: boolean, columns?: number, write: (text: string) => unknown }} stream
 * @returns {Terminal}
 */
export function createTerminal(stream) {
  if (!stream.isTTY) return { line: (line) => stream.write(`${line}\n`), status: () => {} };
  const clear = '\r\x1b[2K';
  let status = '';
  const draw = () => stream.write(`${clear}${status.slice(0, (stream.columns || 80) - 1)}`);
  return {
    line(line) {
      stream.write(`${clear}${line}\n`);
      draw();
    },
    status(text) {
      if (text === status) return;
      status = text;
      draw();
    },
  };
}
