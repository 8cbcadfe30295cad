/**
 * The headers of every response, worker scripts included: a `<meta>` policy does not reach workers
 * that are loaded over http. With them, no script of the page, and none that got into it, can send
 * anything out of the tab. `public/_headers` says the same to static hosts.
 */

/** tfjs-wasm compiles WebAssembly (`wasm-unsafe-eval`); React and Recharts set style attributes. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self' blob:",
  "img-src 'self' data: blob:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders = Object.freeze({
  'Content-Security-Policy': contentSecurityPolicy,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  // Closes what a content policy leaves open: navigation, pop-ups, WebRTC (Chromium 156).
  'Connection-Allowlist': '(response-origin)',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
});

/** The text of `public/_headers`, the format that Netlify and Cloudflare Pages read. */
export function hostHeadersFile() {
  const lines = Object.entries(securityHeaders).map(([name, value]) => `  ${name}: ${value}`);
  return ['/*', ...lines, ''].join('\n');
}
