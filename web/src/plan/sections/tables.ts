// The tables that can be sorted and filtered: systems, facts and assumptions; and the appendix of all figures for print.

import { h } from '../../dom.js';
import type { Child } from '../../dom.js';
import { kind_of, kind_words } from '../answer.js';
import type { Figure, Grade, PlanDocument, Site } from '../document.js';
import { range_of, source_of, value_of } from '../panel.js';
import { filtered } from '../order.js';
import { table } from '../table.js';
import type { Column } from '../table.js';
import { figure_address, mark, rich } from '../traced.js';
import { grade_words, is_leaf } from '../trace.js';
import type { Trace } from '../trace.js';
import { write_count, write_day, write_pflops, write_share } from '../write.js';

function name_cell(trace: Trace, site: Site): Child {
  const figure = trace.find(site.figure);
  return figure === undefined ? site.name : h('a', { class: 'traced', href: figure_address(figure.id), 'data-number': trace.number_of(figure) }, site.name);
}

function use_text(site: Site, from: string): string {
  return site.used ? kind_words[kind_of(site, from)] : site.why_not ?? 'not used';
}

function status_text(site: Site): string {
  const since = site.online === null ? '' : `${site.status === 'operational' ? 'since' : 'online'} ${write_day(site.online)}`;
  return [site.status, since, site.retire === null ? '' : `retires ${write_day(site.retire)}`].filter((t) => t !== '').join(', ');
}

function site_columns(plan: PlanDocument, trace: Trace): Column<Site>[] {
  return [
    { name: 'System', write: (s) => name_cell(trace, s), key: (s) => s.name, text: true },
    { name: 'Place', write: (s) => [s.place, s.country].filter((t) => t !== '').join(', '), key: (s) => `${s.country} ${s.place}`, text: true },
    { name: 'Accelerator', write: (s) => s.accelerator, key: (s) => s.accelerator, text: true },
    { name: 'Count', write: (s) => write_count(s.count), key: (s) => s.count },
    { name: 'Peak', write: (s) => write_pflops(s.peak_pflops), key: (s) => s.peak_pflops },
    { name: 'Used', write: (s) => (s.used ? write_pflops(s.used_pflops) : '–'), key: (s) => (s.used ? s.used_pflops : 0) },
    { name: 'Share of the work', write: (s) => (s.used ? write_share(s.share_of_flop) : '–'), key: (s) => (s.used ? s.share_of_flop : 0) },
    { name: 'Used, or why not', write: (s) => use_text(s, plan.from), key: (s) => use_text(s, plan.from), text: true, wide: true },
    { name: 'Status', write: status_text, key: (s) => `${s.status} ${s.online ?? ''}`, text: true },
    { name: 'Grade', write: (s) => mark(s.grade) ?? s.grade, key: (s) => s.grade, text: true },
  ];
}

export function sites_table(plan: PlanDocument, trace: Trace): Child {
  if (plan.sites.length === 0) return h('p', { class: 'none' }, 'The plan names no system.');
  const rows = [...plan.sites].sort((a, b) => Number(b.used) - Number(a.used) || (b.used_pflops ?? 0) - (a.used_pflops ?? 0) || (b.peak_pflops ?? 0) - (a.peak_pflops ?? 0));
  return [
    h('p', {}, 'Peak: dense 16-bit rate of the whole system. Used: what is left after share, availability, utilisation and the loss of training across sites. A heading sorts.'),
    table({ caption: `${write_count(rows.length)} systems`, columns: site_columns(plan, trace), rows, sorts: true }).element,
  ];
}

function leaf_columns(trace: Trace): Column<Figure>[] {
  return [
    { name: 'Fact or assumption', write: (f) => h('a', { class: 'traced', href: figure_address(f.id), 'data-number': trace.number_of(f) }, f.label), key: (f) => f.label, text: true, wide: true },
    { name: 'Value', write: (f) => value_of(f), key: (f) => f.value },
    { name: 'Range', write: (f) => range_of(f) || '–', text: true },
    { name: 'Grade', write: (f) => mark(f.grade) ?? f.grade, key: (f) => f.grade, text: true },
    { name: 'As of', write: (f) => write_day(f.as_of ?? null), key: (f) => f.as_of ?? null, text: true },
    { name: 'Source', write: (f) => source_of(f), key: (f) => f.source ?? null, text: true, wide: true },
  ];
}

function grade_choice(value: string, label: string, checked: boolean): HTMLElement {
  return h('label', {}, h('input', { type: 'radio', name: 'grade', value, ...(checked ? { checked: '' } : {}) }), ` ${label}`);
}

function filter_form(leaves: readonly Figure[], show: (rows: Figure[]) => void): HTMLElement {
  const count = (grade: Grade): number => leaves.filter((f) => f.grade === grade).length;
  const words = h('input', { type: 'search', id: 'leaf-words', placeholder: 'power, JUPITER, MFU…' });
  const result = h('p', { class: 'result', role: 'status' });
  const choices = (['A', 'B', 'C'] as const).map((g) => grade_choice(g, `${grade_words[g].short} (${count(g)})`, false));
  const form = h('form', { class: 'filter' }, h('fieldset', {}, h('legend', {}, 'Grade'), grade_choice('all', `all (${leaves.length})`, true), choices),
    h('p', {}, h('label', { for: 'leaf-words' }, 'With the words '), words), result);
  const update = (): void => {
    const chosen = new FormData(form).get('grade');
    const grade = chosen === 'A' || chosen === 'B' || chosen === 'C' ? chosen : 'all';
    const rows = filtered(leaves, grade, words.value);
    result.textContent = rows.length === leaves.length ? '' : `${rows.length} of ${leaves.length} shown`;
    show(rows);
  };
  form.addEventListener('input', update);
  form.addEventListener('submit', (event) => event.preventDefault());
  window.addEventListener('beforeprint', () => { form.reset(); update(); });
  return form;
}

export function assumptions_table(trace: Trace): Child {
  const leaves = trace.figures.filter(is_leaf);
  if (leaves.length === 0) return h('p', { class: 'none' }, 'The plan names no facts or assumptions.');
  const built = table({ caption: 'Facts and assumptions', columns: leaf_columns(trace), rows: leaves, sorts: true });
  const grades = (['A', 'B', 'C'] as const).map((g) => h('li', {}, h('b', {}, grade_words[g].short), `: ${grade_words[g].long}.`));
  return [h('ul', { class: 'limits' }, grades), filter_form(leaves, built.show), built.element];
}

function input_text(trace: Trace, id: string): Child {
  const figure = trace.find(id);
  return figure === undefined ? id : [figure.label, ` [${trace.number_of(figure)}] = `, rich(value_of(figure))];
}

function appendix_item(trace: Trace, figure: Figure): HTMLElement {
  const range = range_of(figure);
  const inputs = (figure.inputs ?? []).map((id, i) => [i === 0 ? '' : '; ', input_text(trace, id)]);
  return h('li', { value: trace.number_of(figure) },
    h('b', {}, figure.label), ' = ', rich(value_of(figure)), range === '' ? null : [' (', rich(range), ')'], figure.grade === 'C' ? [' ', mark('C')] : `, grade ${figure.grade}`,
    figure.formula === undefined ? null : h('span', { class: 'from' }, rich(figure.formula)), h('span', { class: 'from' }, 'from: ', inputs),
    figure.note === undefined ? null : h('span', { class: 'from' }, figure.note));
}

/** On paper nothing can be clicked: each computed figure with its formula and inputs; the leaves stand in the table. Made when printed. */
export function appendix(trace: Trace): HTMLElement {
  const computed = trace.figures.filter((f) => !is_leaf(f));
  const list = h('ol', { class: 'appendix' });
  window.addEventListener('beforeprint', () => { if (list.childElementCount === 0) list.append(...computed.map((f) => appendix_item(trace, f))); });
  return h('section', { id: 'appendix', class: 'paper-only', 'aria-labelledby': 'appendix-title' },
    h('h2', { id: 'appendix-title' }, 'Appendix: computed figures'),
    h('p', {}, 'Numbers in brackets in the text refer to this list and, where they are missing here, to the table of facts and assumptions.'), list);
}
