/** Writes `test/fixtures/tiny-policy` anew; what it is stands in tiny-policy.ts. */
import { importTypeScript } from '../../scripts/lib/typescript.mjs';

const { makeTinyPolicy } = /** @type {typeof import('./tiny-policy')} */ (
  await importTypeScript('test/e2e/tiny-policy.ts')
);
console.log(await makeTinyPolicy('test/fixtures/tiny-policy'));
