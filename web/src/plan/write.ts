// Quantities of a plan to text: dates in words, sizes with the unit that gives them few digits. Unknown is said, never zero.

import { bare, three_digits } from '../format.js';
import type { Maybe } from './document.js';

export const unknown = 'not known';
const thin = '\u202f';
const minus = '\u2212';
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** "2027-03-12" to "12 March 2027", "2027-03" to "March 2027", "2027" as it is; anything else as it stands. */
export function write_day(iso: string | null): string {
  if (iso === null) return unknown;
  const [, year = '', month, day] = /^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?:T.*)?$/.exec(iso) ?? [];
  const name = months[Number(month) - 1];
  if (year === '' || (month !== undefined && name === undefined)) return iso;
  return [day === undefined ? '' : String(Number(day)), name ?? '', year].filter((part) => part !== '').join('\u00a0');
}

export function day_number(iso: string): number {
  return Date.parse(iso.slice(0, 10)) / 86_400_000;
}

export function days_between(from: string, to: string): number {
  return Math.round(day_number(to) - day_number(from));
}

const raised: Readonly<Record<string, string>> = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };

/** "1.97 × 10²⁵"; a mantissa of one is left out when `short`. */
export function write_power(value: number, digits = 2): string {
  if (value === 0) return '0';
  let exponent = Math.floor(Math.log10(Math.abs(value)));
  let mantissa = (value / 10 ** exponent).toFixed(digits);
  if (Math.abs(Number(mantissa)) >= 10) [exponent, mantissa] = [exponent + 1, (1).toFixed(digits)];
  const power = [...String(exponent)].map((c) => raised[c] ?? c).join('');
  return `${mantissa.replace('-', minus)}${thin}×${thin}10${power}`;
}

function grouped(value: number): string {
  return three_digits(value);
}

/** The first scale whose unit gives at least one before the point; the last one for what is smaller still. */
function scaled(value: number, scales: readonly (readonly [number, string])[]): string {
  const [size, unit] = scales.find(([least]) => Math.abs(value) >= least * 0.9995) ?? scales[scales.length - 1] ?? [1, ''];
  const count = Math.abs(value / size) >= 1e6 ? write_power(value / size) : grouped(value / size);
  return value === 0 ? `0${thin}${unit}` : `${count}${thin}${unit}`;
}

type Write = (value: number) => string;

const ladders: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  'FLOP/s': [[1e18, 'EF'], [1e15, 'PF'], [1e12, 'TF'], [1e9, 'GF'], [1, 'FLOP/s']],
  PFLOPS: [[1e3, 'EF'], [1, 'PF'], [1e-3, 'TF']],
  MWh: [[1e6, 'TWh'], [1e3, 'GWh'], [1, 'MWh'], [1e-3, 'kWh']],
  kWh: [[1e9, 'TWh'], [1e6, 'GWh'], [1e3, 'MWh'], [1, 'kWh']],
  tCO2e: [[1e6, 'Mt CO₂e'], [1e3, 'kt CO₂e'], [1, 't CO₂e'], [1e-3, 'kg CO₂e']],
  EUR: [[1e9, 'billion EUR'], [1e6, 'million EUR'], [1e3, 'thousand EUR'], [1, 'EUR']],
  W: [[1e9, 'GW'], [1e6, 'MW'], [1e3, 'kW'], [1, 'W']],
  MW: [[1e3, 'GW'], [1, 'MW'], [1e-3, 'kW']],
  B: [[1e15, 'PB'], [1e12, 'TB'], [1e9, 'GB'], [1e6, 'MB'], [1e3, 'kB'], [1, 'B']],
  'bit/s': [[1e12, 'Tbit/s'], [1e9, 'Gbit/s'], [1e6, 'Mbit/s'], [1, 'bit/s']],
  m3: [[1e6, 'million m³'], [1e3, 'thousand m³'], [1, 'm³']],
  large: [[1e12, 'trillion'], [1e9, 'billion'], [1e6, 'million'], [1, '']],
};
const aliases: Readonly<Record<string, string>> = { bytes: 'B', byte: 'B', t: 'tCO2e', 'tCO₂e': 'tCO2e', 'm³': 'm3', bps: 'bit/s' };

function by_ladder(name: string): Write {
  return (value) => scaled(value, ladders[name] ?? []).trim();
}

function known(write: Write): (value: Maybe) => string {
  return (value) => (value === null ? unknown : write(value));
}

export const write_flop = known((value) => (Math.abs(value) < 1e15 ? `${bare(grouped(value))}${thin}FLOP` : `${write_power(value)}${thin}FLOP`));
export const write_pflops = known(by_ladder('PFLOPS'));
export const write_eur = known(by_ladder('EUR'));
export const write_mwh = known(by_ladder('MWh'));
export const write_carbon = known(by_ladder('tCO2e'));
export const write_water = known(by_ladder('m3'));
export const write_large = known(by_ladder('large'));
export const write_count = known((value) => (Math.abs(value) >= 1e15 ? write_power(value) : new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 }).format(value).replace('-', minus)));

/** Whole days from ten on; a tenth below. */
export const write_days = known((value) => {
  if (Math.abs(value) >= 1e9) return `${write_power(value)}${thin}days`;
  const text = Math.abs(value) < 9.95 ? bare(value.toFixed(1)) : Math.round(value).toLocaleString('en-GB');
  return `${text.replace('-', minus)}${thin}${text === '1' ? 'day' : 'days'}`;
});

export const write_change = known((value) => `${value > 0 ? '+' : ''}${write_days(value)}`);

export const write_share = known((value) => {
  const size = Math.abs(value * 100);
  const digits = size === 0 || size >= 9.95 ? 0 : size >= 0.995 ? 1 : 2;
  return `${bare((value * 100).toFixed(digits)).replace('-', minus)}${thin}%`;
});

/** A probability is never rounded to certainty. */
export const write_chance = known((value) => {
  if (value > 0 && value < 0.001) return `less than 0.1${thin}%`;
  if (value < 1 && value > 0.999) return `more than 99.9${thin}%`;
  const near = value < 0.1 || value > 0.9;
  return `${bare((value * 100).toFixed(near ? 1 : 0))}${thin}%`;
});

function plain(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e15 || size < 1e-3)) return write_power(value);
  return size >= 1e7 ? by_ladder('large')(value) : Number.isInteger(value) ? write_count(value) : bare(three_digits(value));
}

/** Any quantity of the trace, by the unit that the program names. */
export function write_quantity(value: number, unit: string): string {
  if (unit === 'FLOP') return write_flop(value);
  if (unit === 'day' || unit === 'days' || unit === 'd') return write_days(value);
  if (unit === '' || unit === '1') return plain(value);
  if (unit === '%') return `${plain(value)}${thin}%`;
  const name = aliases[unit] ?? unit;
  return Object.hasOwn(ladders, name) ? by_ladder(name)(value) : `${plain(value)}${thin}${unit}`;
}

/** "50.8 to 109 million EUR": a unit that both ends share is said once. */
export function write_range(low: Maybe, high: Maybe, write: (value: Maybe) => string): string {
  if (low === null || high === null) return '';
  const [first, last] = [write(low), write(high)];
  const [, number = first, unit = ''] = /^([^\u202f]+)(\u202f[^\u202f]+)$/.exec(first) ?? [];
  return unit !== '' && last.endsWith(unit) ? `${number} to ${last}` : `${first} to ${last}`;
}
