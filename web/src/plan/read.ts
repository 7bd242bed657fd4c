// Readers of JSON that nobody has checked. A reader gives a typed value or throws a Problem that says where and what would be
// right; a list drops the entries that cannot be read and notes why, so that one bad row does not hide a whole page.

import { visible } from '../report.js';

export class Problem extends Error {}

export type Read<T> = (value: unknown, path: string, problems: string[]) => T;

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function refuse(value: unknown, path: string, wanted: string): never {
  throw new Problem(`${path} is ${shown(value)}; it should be ${wanted}.`);
}

export const number: Read<number> = (value, path) =>
  (typeof value === 'number' && Number.isFinite(value) ? value : refuse(value, path, 'a number'));

export const fraction: Read<number> = (value, path) =>
  (typeof value === 'number' && value >= 0 && value <= 1 ? value : refuse(value, path, 'a number from 0 to 1'));

export const text: Read<string> = (value, path) => (typeof value === 'string' ? visible(value) : refuse(value, path, 'a text'));

export const flag: Read<boolean> = (value, path) => (typeof value === 'boolean' ? value : refuse(value, path, 'true or false'));

export function is_day(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}(T|$)/.test(value) && !Number.isNaN(Date.parse(value.slice(0, 10)));
}

export const day: Read<string> = (value, path) =>
  (typeof value === 'string' && is_day(value) ? value : refuse(value, path, 'a date as 2027-03-12'));

export function one_of<T extends string>(...words: readonly T[]): Read<T> {
  return (value, path) => words.find((word) => word === value) ?? refuse(value, path, `one of ${words.join(', ')}`);
}

/** Unknown is null; a field that is absent is unknown, too. */
export function maybe<T>(read: Read<T>): Read<T | null> {
  return (value, path, problems) => (value === null || value === undefined ? null : read(value, path, problems));
}

export function list<T>(read: Read<T>): Read<T[]> {
  return (value, path, problems) => {
    if (!Array.isArray(value)) refuse(value, path, 'a list');
    return value.flatMap((item: unknown, index) => {
      try {
        return [read(item, `${path}[${index}]`, problems)];
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        problems.push(error.message);
        return [];
      }
    });
  };
}

export function triple(value: unknown, path: string, problems: string[]): [number, number, number] {
  if (!Array.isArray(value) || value.length !== 3) refuse(value, path, 'three numbers');
  return [number(value[0], `${path}[0]`, problems), number(value[1], `${path}[1]`, problems), number(value[2], `${path}[2]`, problems)];
}

/** Fields that may be absent: read when there, left out when not (null counts as absent). */
class Optional<T> {
  constructor(readonly read: Read<T>) {}
}

export function optional<T>(read: Read<T>): Optional<T> {
  return new Optional(read);
}

type OptionalKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? K : never }[keyof T];
type Shape<T> = { [K in keyof T]-?: K extends OptionalKeys<T> ? Optional<Exclude<T[K], undefined>> : Read<T[K]> };

export function record<T extends object>(shape: Shape<T>): Read<T> {
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(value, path, 'an object');
    const fields = value as Readonly<Record<string, unknown>>;
    const found: Record<string, unknown> = {};
    for (const [name, read] of Object.entries<Read<unknown> | Optional<unknown>>(shape)) {
      const item = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const place = path === '' ? name : `${path}.${name}`;
      if (!(read instanceof Optional)) found[name] = read(item, place, problems);
      else if (item !== undefined && item !== null) found[name] = read.read(item, place, problems);
    }
    return found as T;
  };
}
