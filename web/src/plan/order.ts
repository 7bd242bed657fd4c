// Which rows of a table are shown, and in which order.

import type { Figure, Grade } from './document.js';

export type Key = number | string | null;

const collator = new Intl.Collator('en-GB', { numeric: true });

export function compare_keys(a: Key, b: Key, down: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return down ? -order : order;
}

export function sorted<T>(rows: readonly T[], key: (row: T) => Key, down: boolean): T[] {
  return [...rows].sort((a, b) => compare_keys(key(a), key(b), down));
}

/** Leaves of a grade whose label, source or id holds each word. */
export function filtered(leaves: readonly Figure[], grade: Grade | 'all', words: string): Figure[] {
  const wanted = words.toLowerCase().split(/\s+/).filter((w) => w !== '');
  return leaves.filter((f) => {
    const text = `${f.label} ${f.id} ${f.source ?? ''} ${f.note ?? ''}`.toLowerCase();
    return (grade === 'all' || f.grade === grade) && wanted.every((w) => text.includes(w));
  });
}
