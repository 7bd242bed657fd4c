// Numbers to text. Unknown is said in words, never shown as zero. Decimal units (1 kB = 1,000 bytes).

import type { Maybe } from './report.js';

export const unknown_text = 'not measured';
const thin = '\u202f'; // narrow no-break space between a number and its unit
const minus = '\u2212';

const grouped = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

function signed(value: number, digits: number): string {
  const fixed = Math.abs(value).toFixed(digits);
  const sign = Number(fixed) === 0 ? '' : value < 0 ? minus : '+';
  return sign + fixed;
}

/** Three significant digits without an exponent: 0.123, 1.23, 12.3, 123, 1,230. */
export function three_digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return grouped.format(value).replace('-', minus);
  const digits = size >= 9.995 ? 1 : size >= 0.9995 || size === 0 ? 2 : 3;
  return value.toFixed(digits).replace('-', minus);
}

function or_unknown(write: (value: number) => string): (value: Maybe) => string {
  return (value) => (value === null ? unknown_text : write(value));
}

function scaled(units: readonly string[], step: number): (value: number) => string {
  return (value) => {
    let index = 0;
    let size = value;
    while (Math.abs(size) >= step * 0.9995 && index + 1 < units.length) {
      size /= step;
      index += 1;
    }
    const number = index === 0 ? grouped.format(size) : three_digits(size);
    return `${number}${thin}${units[index] ?? ''}`.trimEnd();
  };
}

export const format_loss = or_unknown((value) => value.toFixed(3).replace('-', minus));
export const format_count = or_unknown((value) => grouped.format(value).replace('-', minus));
export const format_bytes = or_unknown(scaled(['B', 'kB', 'MB', 'GB', 'TB', 'PB'], 1000));
export const format_short = or_unknown(scaled(['', 'k', 'M', 'G', 'T'], 1000));
export const format_share = or_unknown((value) => `${(value * 100).toFixed(Math.abs(value) < 0.1 && value !== 0 ? 1 : 0).replace('-', minus)}${thin}%`);
export const format_change = or_unknown((value) => `${signed(value * 100, 1)}${thin}%`);
export const format_factor = or_unknown((value) => `${three_digits(value)}${thin}×`);
/** For axes: no digits that say nothing (2.4 M, 10 MB). */
export function bare(text: string): string {
  return text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '');
}

export const format_decimal = or_unknown(three_digits);

export const format_seconds = or_unknown((value) => {
  if (value === 0) return `0${thin}s`;
  if (value < 60) return `${three_digits(value)}${thin}s`;
  const whole = Math.round(value);
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const parts = hours > 0 ? [`${hours}${thin}h`, `${minutes}${thin}min`] : [`${minutes}${thin}min`, `${seconds}${thin}s`];
  return parts.join(' ');
});

const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

export function number_word(value: number): string {
  return words[value] ?? grouped.format(value);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${number_word(count)} ${count === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A name that does not break before its number: MareNostrum 5. */
export function unbroken(name: string): string {
  return name.replace(/ (?=\d+$)/, '\u00a0');
}

/** "A, B and C"; beyond `limit` names the rest is counted. */
export function join_names(names: readonly string[], limit = 8): string {
  const shown = names.length > limit ? [...names.slice(0, limit - 1), `${names.length - limit + 1} more`] : [...names];
  const last = shown.pop();
  if (last === undefined) return '';
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`;
}

/** ISO time to "21 November 2026, 04:00 UTC"; anything else is shown as it stands. */
export function format_time(iso: string): string {
  const time = new Date(iso);
  if (!/^\d{4}-\d{2}-\d{2}T/.test(iso) || Number.isNaN(time.getTime())) return iso;
  const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(time);
  return `${day}, ${iso.slice(11, 16)}${iso.endsWith('Z') ? ' UTC' : ''}`;
}

/** A word that a POSIX shell takes literally, whatever it holds. */
export function shell_word(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) && !word.startsWith('-') ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
