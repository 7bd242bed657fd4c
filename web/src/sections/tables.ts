// The tables: results by model, sites, rounds.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import { swatch } from '../figure.js';
import * as format from '../format.js';
import { model_look, site_look } from '../looks.js';
import type { Report, Round, Site } from '../report.js';
import { languages, result_rows } from '../series.js';
import type { ResultRow } from '../series.js';
import { value_text } from './head.js';

interface Column<T> { name: string; write: (row: T, index: number) => Child; text?: boolean }

function cell<T>(column: Column<T>, row: T, index: number, first: boolean): HTMLElement {
  const content = column.write(row, index);
  const shown = typeof content === 'string' ? value_text(content) : content;
  const kind = column.text === true ? { class: 'text' } : {};
  return first ? h('th', { scope: 'row' }, shown) : h('td', kind, shown);
}

function table<T>(caption: string, columns: readonly Column<T>[], rows: readonly T[]): HTMLElement {
  const head = columns.map((c, i) => h('th', { scope: 'col', ...(c.text === true || i === 0 ? { class: 'text' } : {}) }, c.name));
  const body = rows.map((row, index) => h('tr', {}, columns.map((c, i) => cell(c, row, index, i === 0))));
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    h('table', {}, h('caption', {}, h('span', {}, caption)), h('thead', {}, h('tr', {}, head)), h('tbody', {}, body)));
}

function loss_cell(value: number | null, best: boolean): Child {
  return best && value !== null ? h('b', {}, format.format_loss(value)) : format.format_loss(value);
}

export function results_table(report: Report): HTMLElement | null {
  const rows = result_rows(report);
  if (rows.length === 0) return null;
  const names = languages(report);
  const columns: Column<ResultRow>[] = [
    { name: 'Model', write: (r) => [swatch(model_look(r.label, r.kind, report), 'symbol'), ' ', r.label] },
    { name: 'Mean', write: (r) => loss_cell(r.mean, r.best[0] === true) },
    { name: 'Against data parallel', write: (r) => (r.kind === 'data_parallel' ? '–' : format.format_change(r.change)) },
    ...names.map((name, i) => ({ name, write: (r: ResultRow): Child => loss_cell(r.losses[i] ?? null, r.best[i + 1] === true) })),
  ];
  return table('Held-out loss in nats per byte; lower is better, the lowest of each column is bold', columns, rows);
}

const site_columns: readonly Column<Site>[] = [
  { name: 'Site', write: (s, i) => [swatch(site_look(i), 'symbol'), ' ', s.label] },
  { name: 'Text', write: (s) => [s.language, s.country].filter((t) => t !== '').join(', '), text: true },
  { name: 'Own text', write: (s) => format.format_bytes(s.text_bytes) },
  { name: 'Tokens', write: (s) => format.format_count(s.tokens) },
  { name: 'Inner steps', write: (s) => format.format_count(s.steps) },
  { name: 'Tokens per second', write: (s) => format.format_count(s.tokens_per_second) },
  { name: 'Computed', write: (s) => format.format_seconds(s.compute_s) },
  { name: 'Waited', write: (s) => format.format_seconds(s.wait_s) },
  { name: 'Utilisation', write: (s) => format.format_share(s.utilisation) },
  { name: 'Sent', write: (s) => format.format_bytes(s.bytes_sent) },
  { name: 'Received', write: (s) => format.format_bytes(s.bytes_received) },
];

export function sites_table(report: Report): HTMLElement | null {
  return report.sites.length === 0 ? null : table('What each site did', site_columns, report.sites);
}

function machine(site: Site): string {
  const count = site.accelerator_count === null ? '' : `${format.format_count(site.accelerator_count)} × `;
  return `${site.label}: ${count}${site.accelerator}`;
}

/** Kept out of the table of what was done, since nothing there was done on these accelerators unless the run says so. */
export function named_machines(report: Report): HTMLElement | null {
  const known = report.sites.filter((s) => s.accelerator !== '');
  if (known.length === 0) return null;
  return h('p', { class: 'aside' }, `The machines that the sites are named for, which this run need not have touched: ${known.map(machine).join('; ')}.`);
}

function sum(values: ReadonlyMap<string, number>): number | null {
  return values.size === 0 ? null : [...values.values()].reduce((a, b) => a + b, 0);
}

function most(values: ReadonlyMap<string, number>): number | null {
  return values.size === 0 ? null : Math.max(...values.values());
}

const round_columns: readonly Column<Round>[] = [
  { name: 'Round', write: (r) => String(r.round) },
  { name: 'Sites', write: (r) => String(r.members.length) },
  { name: 'Inner steps', write: (r) => format.format_count(r.inner_steps) },
  { name: 'Took', write: (r) => format.format_seconds(r.seconds) },
  { name: 'Longest wait', write: (r) => format.format_seconds(most(r.wait_s)) },
  { name: 'Sent by all', write: (r) => format.format_bytes(sum(r.bytes_sent)) },
  { name: 'Outer gain', write: (r) => format.format_decimal(r.gain) },
  { name: 'Digest of the outer state', write: (r) => (r.digest === '' ? format.unknown_text : h('code', { title: r.digest }, r.digest.slice(0, 16))), text: true },
];

export function rounds_table(report: Report): HTMLElement | null {
  if (report.rounds.length === 0) return null;
  return h('details', { class: 'long' }, h('summary', {}, `All ${report.rounds.length} rounds as a table`), table('Rounds', round_columns, report.rounds));
}
