import { describe, expect, it } from 'vitest';
import { checkImports, importsOf, importViolations } from '../../scripts/lib/import-rules.mjs';

describe('importsOf', () => {
  it('sees every way to name a module', () => {
    const source = [
      "import { a } from './a';",
      "import type { B } from './b';",
      "import './c';",
      "export * from './d';",
      'import {',
      '  e,',
      "} from './e';",
      "const f = await import('./f');",
      "// a comment about './g'",
    ].join('\n');
    expect(importsOf(source).sort()).toEqual(['./a', './b', './c', './d', './e', './f']);
  });
});

describe('importViolations', () => {
  it.each([
    ['src/engine/tensor/backend.ts', '@tensorflow/tfjs'],
    ['src/engine/crpo/loss.ts', '../tensor'],
    ['src/engine/crpo/step.ts', '../../protocol'],
    ['src/studio/store/client.ts', '../../../workers/trainer.worker?worker'],
    ['src/studio/ui/App.tsx', 'react'],
    ['workers/trainer.worker.ts', '../src/engine/crpo/step'],
  ])('allows %s to import %s', (path, specifier) => {
    expect(importViolations(path, `import '${specifier}';`)).toEqual([]);
  });

  it.each([
    ['src/protocol/records.ts', 'valibot', 'src/protocol imports nothing from outside'],
    ['src/engine/crpo/loss.ts', '@tensorflow/tfjs', 'only src/engine/tensor imports @tensorflow'],
    ['src/engine/crpo/loss.ts', '../../studio/store', 'src/engine imports only itself and src/protocol'],
    ['src/engine/crpo/loss.ts', 'node:fs', 'src/engine is pure: no page, no Node'],
    [
      'src/studio/ui/App.tsx',
      '../../engine/rewards',
      'src/studio never imports src/engine; it talks to workers',
    ],
    ['workers/scorer.worker.ts', '../src/studio/store', 'workers imports only src/engine and src/protocol'],
    ['workers/trainer.worker.ts', '@tensorflow/tfjs', 'only src/engine/tensor imports @tensorflow'],
  ])('refuses %s importing %s', (path, specifier, reason) => {
    expect(importViolations(path, `import '${specifier}';`)).toEqual([
      `${path} imports ${specifier}: ${reason}.`,
    ]);
  });
});

describe('this tree', () => {
  it('keeps the rules', () => {
    const { files, violations } = checkImports('.');
    expect(files).toBeGreaterThan(5);
    expect(violations).toEqual([]);
  });
});
