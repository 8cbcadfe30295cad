/** Numbers and times as the page writes them. One language, one style: 1,234 · 37.4 % · 18–22 min. */
import type { Eta } from './eta';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const formatCount = (count: number): string => whole.format(count);

/** Three to four significant digits; tiny and huge values in powers of ten: 1e-5, 0.0123, 12.35. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size < 1e-3 || size >= 1e6) {
    const [digits, power] = size.toExponential(2).split('e');
    return `${sign}${Number(digits)}e${Number(power)}`;
  }
  if (size >= 1000) return sign + whole.format(size);
  return sign + Number(size.toPrecision(size >= 100 ? 4 : 3));
}

/** Always with a sign: +0.41, −1.20. A true minus, so that columns line up. */
export function formatSigned(value: number, digits = 2): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

export const formatFixed = (value: number | null, digits = 2): string =>
  value === null ? '–' : value.toFixed(digits).replace('-', '−');

export const formatPercent = (fraction: number | null, digits = 1): string =>
  fraction === null || !Number.isFinite(fraction) ? '–' : `${(100 * fraction).toFixed(digits)} %`;

/** Powers of ten, as browsers and disks count: 212 MB. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${units[unit]}`;
}

/** Powers of two, the unit of the setting that limits them: 4,096 MiB. */
export function formatMebibytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return `${mebibytes < 10 ? Number(mebibytes.toFixed(1)) : formatCount(mebibytes)} MiB`;
}

export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Number((seconds / 3600).toFixed(1))} h`;
  return `${Number((seconds / 86_400).toFixed(1))} d`;
}

/** `18–22 min`; one number where both ends read the same. */
export function formatEta(eta: Eta): string {
  const low = formatDuration(eta.lowSeconds);
  const high = formatDuration(eta.highSeconds);
  if (low === high) return `about ${high}`;
  const [lowValue, lowUnit] = low.split(' ');
  const [, highUnit] = high.split(' ');
  return `${lowUnit === highUnit ? lowValue : low}–${high}`;
}

/** Milliseconds: 840 ms, 1.2 s. */
export const formatMs = (ms: number): string =>
  ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms / 1000);

/** `1.2 M`, `3.1 B`: parameters. */
export function formatParameters(count: number): string {
  if (count >= 1e9) return `${Number((count / 1e9).toPrecision(2))} B`;
  if (count >= 1e6) return `${Number((count / 1e6).toPrecision(3))} M`;
  if (count >= 1e3) return `${Number((count / 1e3).toPrecision(3))} k`;
  return String(count);
}

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function formatTime(iso: string): string {
  const time = Date.parse(iso);
  return Number.isNaN(time) ? iso : clock.format(time);
}
