// Reads the data in the page and builds the plan's report from them: the order of the sections is the order of this file.

import '../style.css';
import './plan.css';
import { h, svg } from '../dom.js';
import type { Child } from '../dom.js';
import { number_figures } from '../figure.js';
import { compare_text } from './answer.js';
import { read_plan } from './document.js';
import type { PlanDocument, Reading } from './document.js';
import { gains_figure, sobol_figure, steps_figure, tornado_figure } from './figures/causes.js';
import { cost_figure, country_table, ladder_figure } from './figures/costs.js';
import { chance_figure, compare_figure, curve_figure } from './figures/curve.js';
import { Panel } from './panel.js';
import { head_section, spoken } from './sections/head.js';
import { method_section } from './sections/method.js';
import { appendix, assumptions_table, sites_table } from './sections/tables.js';
import { Trace } from './trace.js';
import { rich, traced_at } from './traced.js';
import { write_carbon, write_eur, write_mwh, write_range, write_water } from './write.js';

interface Section { id: string; title: string; content: Child }

function none(text: string): HTMLElement {
  return h('p', { class: 'none' }, text);
}

function binding(plan: PlanDocument): Child {
  const { constraint, text } = plan.binding;
  const words = constraint === '' && text === '' ? none('The plan names no binding constraint.') : h('p', { class: 'headline' }, constraint === '' ? null : h('strong', {}, `${constraint.replace(/[.:]$/, '')}. `), rich(text));
  return [words, gains_figure(plan) ?? none('No change was tried.')];
}

function totals(plan: PlanDocument, trace: Trace): HTMLElement {
  const { totals: t } = plan;
  const item = (name: string, place: string, value: string, range: string): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, h('b', {}, traced_at(trace, place, value)), range === '' ? null : h('small', {}, rich(range))));
  return h('dl', { class: 'facts totals' },
    item('Cost', 'totals.eur', write_eur(t.eur), write_range(t.eur_low, t.eur_high, write_eur)),
    item('Energy', 'totals.mwh', write_mwh(t.mwh), write_range(t.mwh_low, t.mwh_high, write_mwh)),
    item('Carbon', 'totals.tco2e', write_carbon(t.tco2e), write_range(t.tco2e_low, t.tco2e_high, write_carbon)),
    t.m3_water === undefined ? null : item('Water', 'totals.m3_water', write_water(t.m3_water), ''));
}

function costs(plan: PlanDocument, trace: Trace): Child {
  if (plan.cost.length === 0 && plan.countries.length === 0) return none('The plan holds no costs: they are those of a run that ends.');
  return [totals(plan, trace), cost_figure(plan, trace), country_table(plan)];
}

function sections(plan: PlanDocument, trace: Trace): Section[] {
  const { compare } = plan;
  const sobol = sobol_figure(plan);
  const ladder = ladder_figure(plan);
  return [
    { id: 'when', title: 'When', content: [curve_figure(plan), chance_figure(plan)] },
    { id: 'why', title: plan.answer.date === null ? 'Why it is not reached' : 'Why this date', content: steps_figure(plan, trace) ?? none('The plan names no steps.') },
    { id: 'binding', title: 'What holds it back', content: binding(plan) },
    { id: 'inputs', title: 'What moves it', content: [tornado_figure(plan, trace) ?? none('No input was varied to a date within the horizon.'), sobol] },
    { id: 'cost', title: 'Cost, energy, carbon', content: costs(plan, trace) },
    ...(compare === undefined ? [] : [{ id: 'compare', title: `Against ${compare.name}`, content: [h('p', { class: 'headline' }, spoken(compare_text(plan, compare))), compare_figure(plan, compare)] }]),
    ...(ladder === null ? [] : [{ id: 'ladder', title: 'Other targets', content: ladder }]),
    { id: 'sites', title: 'Systems', content: sites_table(plan, trace) },
    { id: 'assumptions', title: 'Facts and assumptions', content: assumptions_table(trace) },
    { id: 'method', title: 'How it was computed', content: method_section(plan) },
  ];
}

function contents(parts: readonly Section[]): HTMLElement {
  return h('nav', { 'aria-label': 'Contents' }, h('ul', {}, parts.map((p) => h('li', {}, h('a', { href: `#${p.id}` }, p.title)))));
}

function section(part: Section): HTMLElement {
  return h('section', { id: part.id, 'aria-labelledby': `${part.id}-title` }, h('h2', { id: `${part.id}-title` }, part.title), part.content);
}

function hatch(id: string, color: string, width: number, turn: number): SVGElement {
  return svg('pattern', { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: `rotate(${turn})` },
    svg('rect', { width: 6, height: 6, fill: 'var(--paper)' }), svg('rect', { width, height: 6, fill: color }));
}

/** Hatched areas tell themselves apart without colour. */
function patterns(): SVGElement {
  return svg('svg', { width: 0, height: 0, 'aria-hidden': 'true', class: 'patterns' }, svg('defs', {},
    hatch('hatch-longer', 'var(--wait)', 2.6, 45), hatch('hatch-high', 'var(--federated)', 2.2, -45), hatch('hatch-coming', 'var(--federated)', 2.4, 45), hatch('hatch-other', 'var(--wait)', 1.6, 45)));
}

function colophon(plan: PlanDocument): HTMLElement {
  return h('footer', {},
    h('p', {}, `${plan.version === '' ? 'EuroMesh' : plan.version}. This file is complete: it asks nothing from the network, and all its numbers stand in the JSON element #report-data.`),
    h('p', {}, 'Outlines: Natural Earth (public domain), with Crimea and northern Cyprus as in UN General Assembly resolutions 68/262 and 37/253. Charts: Observable Plot and D3 (ISC). Type: Source Serif and Source Sans (SIL Open Font License 1.1).'));
}

function build({ plan, problems }: Reading, trace: Trace): Child[] {
  document.title = `${plan.scenario.name || 'Plan'} · EuroMesh`;
  const parts = sections(plan, trace);
  return [patterns(), head_section(plan, problems, trace), contents(parts), h('main', {}, parts.map(section)), colophon(plan), appendix(trace)];
}

function failed(error: unknown): HTMLElement {
  return h('main', { class: 'failed', role: 'alert' }, h('h1', {}, 'This plan cannot be shown'), h('p', {}, error instanceof Error ? error.message : String(error)));
}

/** On paper all is open but the numbers of charts, which would fill pages; afterwards, what was closed is closed again. */
function open_for_print(): void {
  let opened: HTMLDetailsElement[] = [];
  window.addEventListener('beforeprint', () => {
    opened = [...document.querySelectorAll('details')].filter((d) => !d.open && !d.matches('.numbers') && d.closest('.panel') === null);
    opened.forEach((d) => { d.open = true; });
  });
  window.addEventListener('afterprint', () => opened.forEach((d) => { d.open = false; }));
}

function start(): void {
  const target = document.getElementById('report');
  const json = document.getElementById('report-data')?.textContent ?? '';
  try {
    const reading = read_plan(json);
    const trace = new Trace(reading.plan);
    const page = h('div', { class: 'page' }, build(reading, trace));
    number_figures(page);
    target?.append(page);
    open_for_print();
    const panel = new Panel(trace, page);
    // Charts are drawn a frame later and move what is below them.
    requestAnimationFrame(() => requestAnimationFrame(() => panel.follow()));
  } catch (error) {
    target?.append(failed(error));
  }
}

start();
