import { describe, expect, it } from 'vitest';
import { installProblem, nodeProblem } from '../../scripts/lib/setup.mjs';

describe('nodeProblem', () => {
  it('accepts 20.19 and anything newer', () => {
    expect(['v20.19.0', 'v20.20.2', 'v22.0.0', 'v100.1.0'].map(nodeProblem)).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('names the version it found and the one it needs', () => {
    expect(nodeProblem('v18.20.4')).toBe('CRPO Studio needs Node 20.19 or newer; this is Node v18.20.4.');
    expect(nodeProblem('v20.18.9')).toContain('v20.18.9');
  });
});

describe('installProblem', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b-darwin': { version: '2.0.0', optional: true },
    },
  };

  it('finds nothing wrong when every package is there in its version', () => {
    expect(installProblem(lock, { packages: { 'node_modules/a': { version: '1.0.0' } } })).toBeNull();
  });

  it('says what is missing or of another version', () => {
    expect(installProblem(lock, null)).toBe('the packages are not installed yet');
    expect(installProblem(lock, { packages: {} })).toBe('node_modules/a is not installed');
    expect(installProblem(lock, { packages: { 'node_modules/a': { version: '0.9.0' } } })).toBe(
      'node_modules/a is 0.9.0, not 1.0.0',
    );
  });

  it('checks the version of an optional package that is there', () => {
    const installed = {
      packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b-darwin': { version: '1.9.0' } },
    };
    expect(installProblem(lock, installed)).toBe('node_modules/b-darwin is 1.9.0, not 2.0.0');
  });
});
