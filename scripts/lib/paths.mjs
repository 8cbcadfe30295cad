/** Where things are. Every command may be started from any folder; paths start at the project's root. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** The built site. */
export const distFolder = join(projectRoot, 'dist');
/** What can be thrown away at any time: stamps, type outputs, test reports. */
export const cacheFolder = join(projectRoot, '.cache');

/** @param {string} path relative to the project's root */
export const fromRoot = (path) => join(projectRoot, path);
