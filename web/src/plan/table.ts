// Tables whose columns sort: a click on a heading, again for the other way; unknown values stay at the end.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import { sorted } from './order.js';
import type { Key } from './order.js';
import { rich } from './traced.js';
import { unknown } from './write.js';

export interface Column<T> { name: string; write: (row: T) => Child; text?: boolean; key?: (row: T) => Key; wide?: boolean }

function shown(content: Child): Child {
  if (typeof content !== 'string') return content;
  return content === unknown ? h('i', { class: 'unknown' }, unknown) : rich(content);
}

function cell<T>(column: Column<T>, row: T, first: boolean): HTMLElement {
  const kind = [column.text === true ? 'text' : '', column.wide === true ? 'wide' : ''].join(' ').trim();
  return h(first ? 'th' : 'td', { ...(first ? { scope: 'row' } : {}), ...(kind === '' ? {} : { class: kind }) }, shown(column.write(row)));
}

export interface TableParts<T> { caption: string; columns: readonly Column<T>[]; rows: readonly T[]; sorts?: boolean }

class Sorter<T> {
  readonly body = h('tbody');
  readonly heads: HTMLElement[];
  private rows: readonly T[];
  constructor(private readonly parts: TableParts<T>) {
    this.rows = parts.rows;
    this.heads = parts.columns.map((column, index) => this.heading(column, index));
    this.fill();
  }

  show(rows: readonly T[]): void {
    this.rows = rows;
    this.fill();
  }

  private fill(): void {
    this.body.replaceChildren(...this.rows.map((row) => h('tr', {}, this.parts.columns.map((c, i) => cell(c, row, i === 0)))));
  }

  private heading(column: Column<T>, index: number): HTMLElement {
    const attributes = { scope: 'col', ...(column.text === true || index === 0 ? { class: 'text' } : {}) };
    if (this.parts.sorts !== true || column.key === undefined) return h('th', attributes, column.name);
    const button = h('button', { type: 'button', class: 'sort' }, column.name);
    // On paper, some browsers leave buttons out where a heading is repeated: there its name stands instead.
    const head = h('th', { ...attributes, 'data-name': column.name }, button);
    button.addEventListener('click', () => this.sort(column.key ?? (() => null), head, column.text === true || index === 0));
    return head;
  }

  /** Numbers start with the largest, texts with the first of the alphabet. */
  private sort(key: (row: T) => Key, head: HTMLElement, is_text: boolean): void {
    const now = head.getAttribute('aria-sort');
    const down = now === null ? !is_text : now === 'ascending';
    this.heads.forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    this.show(sorted(this.rows, key, down));
  }
}

export interface Table<T> { element: HTMLElement; show: (rows: readonly T[]) => void }

export function table<T>(parts: TableParts<T>): Table<T> {
  const sorter = new Sorter(parts);
  const element = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': parts.caption },
    h('table', {}, h('caption', {}, h('span', {}, parts.caption)), h('thead', {}, h('tr', {}, sorter.heads)), sorter.body));
  return { element, show: (rows) => sorter.show(rows) };
}

/** The numbers of a chart, folded away. */
export function folded<T>(summary: string, parts: TableParts<T>): HTMLElement {
  return h('details', { class: 'long numbers' }, h('summary', {}, summary), table(parts).element);
}
