/**
 * A static file server for the built site: this machine only, one folder only, read only, the
 * security headers on every answer.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { securityHeaders } from './headers.mjs';

/** The address is part of what the browser stores checkpoints under, so it stays the same. */
export const defaultPort = 4173;
const host = '127.0.0.1';

/** @type {Readonly<Record<string, string>>} */
const contentTypes = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.jsonl': 'application/x-ndjson; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/**
 * @param {string} path
 * @returns {string} what a browser needs to be told about a file
 */
export function contentType(path) {
  return contentTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';
}

/**
 * @param {string} requestPath the path as it came, percent-encoded, with or without a query
 * @returns {string | null} a path relative to the served folder; null: refused
 */
export function safePath(requestPath) {
  let path;
  try {
    path = decodeURIComponent(requestPath.split(/[?#]/, 1)[0] ?? '');
  } catch {
    return null;
  }
  if (!path.startsWith('/') || path.includes('\0') || path.includes('\\')) return null;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return null;
  if (path.endsWith('/')) segments.push('index.html');
  return segments.join('/');
}

/**
 * @param {string} folder
 * @param {{ port?: number }} [options] 0 takes any free port
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>} rejects with the
 * system's error (`EADDRINUSE`) when the port is taken
 */
export async function serveFolder(folder, { port = 0 } = {}) {
  const root = await realpath(folder);
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => response.destroy());
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('internal: the server has no port');
  return {
    url: `http://${host}:${address.port}/`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * @param {string} root
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function answer(root, request, response) {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return refuse(response, 405, 'Only GET and HEAD are answered.');
  }
  const path = safePath(request.url ?? '');
  if (path === null) return refuse(response, 400, 'This path is not served.');
  const file = await fileInside(root, path);
  if (!file) return refuse(response, 404, 'There is no such file.');

  response.writeHead(200, {
    'Content-Type': contentType(file.path),
    'Content-Length': file.size,
    // The page and its workers must come from one build.
    'Cache-Control': 'no-cache',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  await pipeline(createReadStream(file.path), response);
}

/**
 * @param {string} root
 * @param {string} path
 * @returns {Promise<{ path: string, size: number } | null>} null: missing, a folder, or a link out of the folder
 */
async function fileInside(root, path) {
  try {
    const real = await realpath(join(root, path));
    if (!real.startsWith(root + sep)) return null;
    const facts = await stat(real);
    return facts.isFile() ? { path: real, size: facts.size } : null;
  } catch {
    return null;
  }
}

/**
 * @param {import('node:http').ServerResponse} response
 * @param {number} status
 * @param {string} sentence
 */
function refuse(response, status, sentence) {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${sentence}\n`);
}
