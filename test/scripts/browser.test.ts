import { describe, expect, it } from 'vitest';
import { browserCandidates, launchFlags, majorVersion } from '../../scripts/lib/browser.mjs';

describe('browserCandidates', () => {
  it('takes CHROME_PATH alone when it is set', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(browserCandidates(platform, { CHROME_PATH: '/my/chrome', PATH: '/usr/bin' })).toEqual([
        '/my/chrome',
      ]);
    }
  });

  it('looks along the PATH on Linux, Chrome before Chromium', () => {
    const found = browserCandidates('linux', { PATH: '/usr/local/bin:/usr/bin' });
    expect(found).toContain('/usr/local/bin/google-chrome-stable');
    expect(found.indexOf('/usr/bin/google-chrome')).toBeLessThan(found.indexOf('/usr/local/bin/chromium'));
  });

  it('looks in the application folders on macOS and Windows', () => {
    expect(browserCandidates('darwin', { HOME: '/Users/x' })).toContain(
      '/Users/x/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    );
    expect(browserCandidates('win32', { PROGRAMFILES: 'C:\\Program Files' })).toEqual([
      'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
      'C:\\Program Files\\Chromium\\Application\\chrome.exe',
      'C:\\Program Files\\Microsoft\\Edge\\Application\\msedge.exe',
    ]);
  });
});

describe('majorVersion', () => {
  it('reads what browsers print', () => {
    expect(majorVersion('Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)')).toBe(156);
    expect(majorVersion('Google Chrome 99.0.4844.51 ')).toBe(99);
    expect(majorVersion('bash, version 5.2.15')).toBeNull();
  });
});

describe('launchFlags', () => {
  it('drops the sandbox only for root', () => {
    expect(launchFlags({ platform: 'linux', asRoot: true })).toContain('--no-sandbox');
    expect(launchFlags({ platform: 'linux', asRoot: false })).not.toContain('--no-sandbox');
  });

  it('forces SwiftShader only when asked', () => {
    const swiftShader = '--use-webgpu-adapter=swiftshader';
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(launchFlags({ platform, asRoot: false })).not.toContain(swiftShader);
      expect(launchFlags({ platform, asRoot: false, softwareWebGpu: true })).toContain(swiftShader);
    }
  });
});
