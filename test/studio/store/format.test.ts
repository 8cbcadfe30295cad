import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDuration,
  formatEta,
  formatFixed,
  formatMs,
  formatNumber,
  formatParameters,
  formatPercent,
  formatSigned,
  formatTime,
} from '../../../src/studio/store/format';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.0123, '0.0123'],
    [12.349, '12.3'],
    [123.44, '123.4'],
    [10178, '10,178'],
    [1e-5, '1e-5'],
    [-1.25e-4, '−1.25e-4'],
    [-19.52, '−19.5'],
    [1.5e6, '1.5e6'],
    [Number.NaN, '–'],
    [null, '–'],
  ])('formatNumber(%s)', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('signs with a true minus and never signs a zero', () => {
    expect([formatSigned(0.414), formatSigned(-1.2), formatSigned(-0.001)]).toEqual([
      '+0.41',
      '−1.20',
      '0.00',
    ]);
    expect(formatFixed(-0.5)).toBe('−0.50');
    expect(formatPercent(0.3744)).toBe('37.4 %');
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [14_700_000, '15 MB'],
    [1_240, '1.2 kB'],
    [211_000_000, '211 MB'],
    [999_600, '1 MB'],
    [10_200_000_000, '10 GB'],
    [null, '–'],
  ])('formatBytes(%s)', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('counts parameters', () => {
    expect([1_204_736, 3_090_000_000, 512].map(formatParameters)).toEqual(['1.2 M', '3.1 B', '512']);
  });
});

describe('times', () => {
  it.each([
    [4.06, '4.1 s'],
    [59, '59 s'],
    [19 * 60, '19 min'],
    [3 * 3600, '3 h'],
    [72 * 3600, '3 d'],
  ])('formatDuration(%d)', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('writes an estimate as a range with the unit once, and as one number where both ends agree', () => {
    expect(formatEta({ lowSeconds: 18 * 60, highSeconds: 22 * 60 })).toBe('18–22 min');
    expect(formatEta({ lowSeconds: 80, highSeconds: 130 })).toBe('80 s–2 min');
    expect(formatEta({ lowSeconds: 300, highSeconds: 301 })).toBe('about 5 min');
  });

  it('shows milliseconds and dates, and what is no date as it came', () => {
    expect([formatMs(840), formatMs(1240)]).toEqual(['840 ms', '1.2 s']);
    expect(formatTime('2026-11-22T09:00:00Z')).toMatch(/22 Nov 2026/);
    expect(formatTime('yesterday')).toBe('yesterday');
  });
});
