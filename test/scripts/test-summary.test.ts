import { describe, expect, it } from 'vitest';
import { addCounts, countTests, summaryLine } from '../../scripts/lib/test-summary.mjs';

const report = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 2,
  numTodoTests: 1,
  testResults: [{ name: 'a.test.ts', status: 'passed', assertionResults: [{}] }],
};

describe('countTests', () => {
  it('counts skipped and planned tests as skipped', () => {
    expect(countTests(report, 0)).toEqual({ passed: 5, failed: 0, skipped: 3 });
  });

  it('counts a file that did not load', () => {
    const unloaded = { name: 'b.test.ts', status: 'failed', assertionResults: [] };
    const counts = countTests({ ...report, testResults: [...report.testResults, unloaded] }, 1);
    expect(counts).toEqual({ passed: 5, failed: 1, skipped: 3 });
  });

  it('never calls a failed run a pass', () => {
    expect(countTests(report, 1).failed).toBe(1);
    expect(countTests(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countTests({ ...report, numFailedTests: 3 }, 1).failed).toBe(3);
  });
});

describe('summaryLine', () => {
  it('adds the suites up', () => {
    const counts = addCounts([
      { passed: 5, failed: 1, skipped: 3 },
      { passed: 10, failed: 0, skipped: 4 },
    ]);
    expect(summaryLine(counts)).toBe('15 passed, 1 failed, 7 skipped');
  });
});
