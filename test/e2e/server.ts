/** Builds the site if its sources changed, and serves it to all browser tests with the headers that users get. */
import type { TestProject } from 'vitest/node';
import { ensureBuilt } from '../../scripts/lib/build.mjs';
import { distFolder } from '../../scripts/lib/paths.mjs';
import { serveFolder } from '../../scripts/lib/serve.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    studioUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensureBuilt();
  const server = await serveFolder(distFolder);
  project.provide('studioUrl', server.url);
  return () => server.close();
}
