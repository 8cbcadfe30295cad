/** The examples of CONTRIBUTING.md run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { validateCustom } from '../../src/engine/rewards/custom-definition';
import type { Objective } from '../../src/engine/rewards/objective';
import { prepareResponse } from '../../src/engine/rewards/response';

const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8');

function block(language: string, starts: string): string {
  const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, code]) => code!,
  );
  return blocks.find((code) => code.startsWith(starts))!;
}

describe('the examples of CONTRIBUTING.md', () => {
  it('declare an objective that the settings take', () => {
    const { custom } = JSON.parse(`{${block('json', '"custom"')}}`);
    expect(validateCustom(custom)).toHaveLength(1);
  });

  it('write an objective that scores', async () => {
    const code = block('ts', '/** Brevity').replaceAll(
      "from './",
      `from '${new URL('src/engine/rewards/', root).pathname}`,
    );
    const folder = new URL('.cache/', root);
    mkdirSync(folder, { recursive: true });
    const file = new URL('brevity.ts', folder);
    writeFileSync(file, code);
    const { brevity } = (await import(/* @vite-ignore */ file.pathname)) as { brevity: Objective };
    const score = (words: number) =>
      brevity.score(
        prepareResponse(`<dx>${'word '.repeat(words)}</dx><conclusion>\\boxed{A}</conclusion>`, {
          tags: 'dx',
          eos: '<end>',
          addOpeningTag: false,
        }),
        { question: 'Q?', options: { A: 'a' }, answer: 'A' },
      )!.value;
    expect([150, 225, 301].map(score)).toEqual([1, 0.5, 0]);
  });
});
