// The panel that shows where a number comes from. The address says which figure is open (#figure=ID), so that links, the
// back button and a shared address all work; on narrow screens the panel opens below what was clicked.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import type { Figure } from './document.js';
import { figure_address, figure_in, mark, rich } from './traced.js';
import { grade_words, is_leaf, web_address } from './trace.js';
import type { Trace } from './trace.js';
import { write_count, write_day, write_quantity, write_range } from './write.js';

export function value_of(figure: Figure): string {
  return write_quantity(figure.value, figure.unit);
}

export function range_of(figure: Figure): string {
  return write_range(figure.low ?? null, figure.high ?? null, (v) => (v === null ? '' : write_quantity(v, figure.unit)));
}

export function source_of(figure: Figure): Child {
  const address = web_address(figure.source_url);
  const name = figure.source ?? figure.source_url ?? '';
  if (name === '') return h('i', { class: 'unknown' }, 'no source named');
  const link = address === null ? name : h('a', { href: address, rel: 'noopener noreferrer', target: '_blank' }, name);
  return [link, address === null && figure.source_url !== undefined && figure.source_url !== name ? ` (${figure.source_url})` : null];
}

function as_link(figure: Figure): Child {
  return [h('a', { class: 'traced', href: figure_address(figure.id) }, figure.label), ' = ', h('span', { class: 'amount' }, rich(value_of(figure))), ' ', mark(figure.grade)];
}

function input_item(trace: Trace, id: string): HTMLElement {
  const figure = trace.find(id);
  return h('li', {}, figure === undefined ? [h('code', {}, id), ' (not among the figures of this file)'] : as_link(figure));
}

function fact(name: string, content: Child): HTMLElement {
  return h('div', {}, h('dt', {}, name), h('dd', {}, content));
}

function grade_fact(trace: Trace, figure: Figure): HTMLElement {
  const words = grade_words[figure.grade];
  if (is_leaf(figure)) return fact('Grade', [h('b', {}, words.short), `: ${words.long}.`]);
  const estimates = trace.estimates(figure);
  const worst = estimates.length === 0 ? '' : ` ${write_count(estimates.length)} of the ${write_count(trace.leaves(figure).length)} facts and assumptions under it are estimates.`;
  return fact('Grade', [h('b', {}, words.short), `: that of the weakest figure under it (${words.long}).${worst}`]);
}

function many(items: readonly HTMLElement[], most: number): Child {
  const list = h('ul', { class: 'inputs' }, items.slice(0, most));
  if (items.length <= most) return list;
  return [list, h('details', {}, h('summary', {}, `${write_count(items.length - most)} more`), h('ul', { class: 'inputs' }, items.slice(most)))];
}

/** Everything that is known of a figure: the panel and the appendix say the same. */
export function figure_facts(trace: Trace, figure: Figure, most: number): HTMLElement {
  const inputs = figure.inputs ?? [];
  const users = trace.used_in(figure);
  return h('dl', { class: 'trace' },
    range_of(figure) === '' ? null : fact('Range', rich(range_of(figure))),
    figure.formula === undefined ? null : fact('Formula', h('code', {}, rich(figure.formula))),
    inputs.length === 0 ? null : fact(inputs.length === 1 ? 'Input' : `${write_count(inputs.length)} inputs`, many(inputs.map((id) => input_item(trace, id)), most)),
    !is_leaf(figure) && figure.source === undefined ? null : fact('Source', source_of(figure)),
    figure.as_of === undefined ? null : fact('As of', write_day(figure.as_of)),
    grade_fact(trace, figure),
    figure.note === undefined ? null : fact('Note', rich(figure.note)),
    users.length === 0 ? null : fact('Used in', many(users.map((user) => h('li', {}, h('a', { class: 'traced', href: figure_address(user.id) }, user.label))), most)),
    fact('Name', h('code', {}, figure.id)));
}

function unknown_figure(id: string): Child {
  return [h('h2', { id: 'panel-title', tabindex: -1 }, 'No such figure'), h('p', {}, 'The address names the figure ', h('code', {}, id), ', which this file does not hold.')];
}

function content(trace: Trace, id: string): Child {
  const figure = trace.find(id);
  if (figure === undefined) return unknown_figure(id);
  return [
    h('p', { class: 'kicker' }, is_leaf(figure) ? 'A fact or an assumption' : 'A computed figure'),
    h('h2', { id: 'panel-title', tabindex: -1 }, figure.label),
    h('p', { class: 'amount large' }, rich(value_of(figure)), ' ', mark(figure.grade)),
    figure_facts(trace, figure, 12),
  ];
}

const narrow = '(max-width: 56rem)';
const blocks = 'p, figure, .scroll, .cards, .totals, details, ul, ol';

export class Panel {
  private readonly element = h('div', { class: 'panel', role: 'dialog', 'aria-labelledby': 'panel-title', hidden: '' });
  private opener: HTMLElement | null = null;

  constructor(private readonly trace: Trace, private readonly page: HTMLElement) {
    page.append(this.element);
    document.addEventListener('click', (event) => this.remember(event));
    document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && !this.element.hidden) this.leave(); });
    window.addEventListener('hashchange', () => this.follow());
    window.addEventListener('popstate', () => this.follow());
  }

  /** Shows what the address names, or nothing. */
  follow(): void {
    const id = figure_in(location.hash);
    if (id === null) this.close();
    else this.open(id);
  }

  private remember(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest<HTMLElement>('a[href^="#figure="]') : null;
    if (link === null) return;
    if (!this.element.contains(link)) this.opener = link;
    // The same address again makes no event.
    if (link.getAttribute('href') === location.hash) this.follow();
  }

  private open(id: string): void {
    // Come by address, not by a click: as if from the first place that states the figure.
    if (this.opener?.isConnected !== true) this.opener = this.first_link(id);
    const close = h('button', { type: 'button', class: 'close', 'aria-label': 'Close' }, '×');
    close.addEventListener('click', () => this.leave());
    this.element.replaceChildren(close);
    const parts = content(this.trace, id);
    this.element.append(h('div', { class: 'panel-content' }, parts));
    this.place();
    this.element.hidden = false;
    this.element.scrollTop = 0;
    const title = this.element.querySelector<HTMLElement>('#panel-title');
    title?.focus({ preventScroll: true });
    if (matchMedia(narrow).matches) this.element.scrollIntoView({ block: this.element.offsetHeight < innerHeight ? 'nearest' : 'start' });
  }

  private first_link(id: string): HTMLElement | null {
    const address = figure_address(id);
    return [...this.page.querySelectorAll<HTMLElement>('header a.traced, main a.traced')].find((a) => a.getAttribute('href') === address) ?? null;
  }

  /** Wide: at the side. Narrow: in the row of a chart or below the block that holds what was clicked, or at the top. */
  private place(): void {
    if (!matchMedia(narrow).matches) {
      if (this.element.parentElement !== this.page) this.page.append(this.element);
      return;
    }
    const row = this.opener?.closest('.bars > li');
    if (row !== null && row !== undefined) {
      row.append(this.element);
      return;
    }
    const block = this.opener?.closest(blocks) ?? this.page.querySelector('.cards');
    const outer = block?.closest('figure, .scroll, .cards, .totals, details') ?? block;
    if (outer !== null && outer !== undefined && outer.nextElementSibling !== this.element) outer.after(this.element);
  }

  private close(): void {
    if (this.element.hidden) return;
    this.element.hidden = true;
    if (this.opener?.isConnected === true) this.opener.focus({ preventScroll: !matchMedia(narrow).matches });
  }

  /** Away from the figure without a jump of the page: the address loses its fragment. */
  private leave(): void {
    try {
      history.pushState(null, '', location.pathname + location.search);
    } catch {
      location.hash = '';
    }
    this.close();
  }
}
