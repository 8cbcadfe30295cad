import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostHeadersFile, securityHeaders } from '../../scripts/lib/headers.mjs';
import { contentType, safePath, serveFolder } from '../../scripts/lib/serve.mjs';

describe('safePath', () => {
  it('turns a request into a path below the folder', () => {
    expect(safePath('/')).toBe('index.html');
    expect(safePath('/assets/a.js?v=1')).toBe('assets/a.js');
    expect(safePath('/starter/a%20b.json')).toBe('starter/a b.json');
  });

  it.each([
    '/../secret',
    '/assets/../../secret',
    '/%2e%2e/secret',
    '/..%2fsecret',
    '/..%5csecret',
    '/a%00b',
    '/%E0%A4%A',
    'http://elsewhere/',
    '',
  ])('refuses %j', (path) => {
    expect(safePath(path)).toBeNull();
  });
});

describe('contentType', () => {
  it('knows what a browser is strict about, and calls the rest bytes', () => {
    expect(contentType('assets/trainer.worker-1a.js')).toMatch(/^text\/javascript/);
    expect(contentType('assets/tfjs.wasm')).toBe('application/wasm');
    expect(contentType('starter/model.safetensors')).toBe('application/octet-stream');
  });
});

describe('public/_headers', () => {
  it('tells static hosts what the own server sends', () => {
    expect(readFileSync('public/_headers', 'utf8')).toBe(hostHeadersFile());
  });
});

describe('serveFolder', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serveFolder>>;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crpo-serve-'));
    mkdirSync(join(folder, 'site/assets'), { recursive: true });
    writeFileSync(join(folder, 'secret'), 'secret');
    writeFileSync(join(folder, 'site/index.html'), '<p>page');
    writeFileSync(join(folder, 'site/assets/some.worker.js'), 'self.close()');
    symlinkSync(join(folder, 'secret'), join(folder, 'site/link'));
    server = await serveFolder(join(folder, 'site'));
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['', 200],
    ['assets/some.worker.js', 200],
    ['missing.js', 404],
    ['assets', 404],
    ['link', 404],
    ['..%2fsecret', 400],
  ])('answers %j with %d and every security header', async (path, status) => {
    const response = await fetch(new URL(path, server.url), { redirect: 'error' });
    expect(response.status).toBe(status);
    for (const [name, value] of Object.entries(securityHeaders)) {
      expect(response.headers.get(name), name).toBe(value);
    }
    expect(await response.text()).not.toContain('secret');
  });

  it('lets a worker script reach its own origin and nothing else', async () => {
    const policy = (await fetch(new URL('assets/some.worker.js', server.url))).headers.get(
      'content-security-policy',
    );
    expect(policy).toContain("connect-src 'self' blob:");
    expect(policy).not.toMatch(/https?:|\*|'unsafe-eval'/);
  });

  it('refuses a path that a client did not tidy up', async () => {
    const answer = await rawRequest(
      server.port,
      'GET /../secret HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toContain('\r\n\r\nsecret');
  });

  it('is read only', async () => {
    const response = await fetch(server.url, { method: 'POST', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('listens on this machine only', async () => {
    expect(new URL(server.url).hostname).toBe('127.0.0.1');
    const second = serveFolder(join(folder, 'site'), { port: server.port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

/** What `fetch` would normalise away reaches the server only as raw bytes. */
function rawRequest(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
