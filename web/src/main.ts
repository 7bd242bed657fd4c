// Reads the data in the page and builds the report from it: the order of the sections is the order of this file.

import './style.css';
import { h, svg } from './dom.js';
import type { Child } from './dom.js';
import { bytes_figure, cells_figure } from './figures/bytes.js';
import { curves_figure } from './figures/curves.js';
import { languages_figure } from './figures/languages.js';
import { presence_figure, rounds_figure, utilisation_figure } from './figures/sites.js';
import { number_figures } from './figure.js';
import { format_short } from './format.js';
import { read_report } from './report.js';
import type { Report } from './report.js';
import { head_section } from './sections/head.js';
import { named_machines, results_table, rounds_table, sites_table } from './sections/tables.js';
import { audit_section, events_section, reproduce_section, samples_section, settings_section } from './sections/trail.js';
import { glossary_section, limits_section } from './sections/words.js';
import { key_figures } from './verdict.js';

interface Section { id: string; title: string; content: Child }

function none(text: string): HTMLElement {
  return h('p', { class: 'none' }, text);
}

function sections(report: Report): Section[] {
  const figures = key_figures(report);
  const unsent = report.bytes.sent === 0 ? 'Nothing was sent between sites.' : 'Bytes were not measured.';
  const bytes = [bytes_figure(report, figures), cells_figure(report, figures)].filter((f) => f !== null);
  return [
    { id: 'loss', title: 'Loss while training', content: curves_figure(report) ?? none('The run recorded no curves.') },
    { id: 'languages', title: 'Loss by language', content: [languages_figure(report) ?? none('No final losses were measured.'), results_table(report)] },
    { id: 'bytes', title: 'Bytes sent', content: bytes.length === 0 ? none(unsent) : h('div', { class: 'pair' }, bytes) },
    { id: 'sites', title: 'Sites', content: [utilisation_figure(report) ?? none('Computing and waiting times were not measured.'), sites_table(report), named_machines(report)] },
    { id: 'rounds', title: 'Rounds', content: [rounds_figure(report) ?? none('No training loss was recorded.'), presence_figure(report), h('h3', {}, 'Events'), events_section(report), rounds_table(report)] },
    { id: 'samples', title: 'What the model writes', content: samples_section(report) },
    { id: 'limits', title: 'What these numbers are not', content: limits_section(report) },
    { id: 'check', title: 'Check it', content: audit_section(report) },
    { id: 'reproduce', title: 'Run it again', content: [reproduce_section(report), h('h3', {}, 'Settings'), settings_section(report)] },
    { id: 'words', title: 'Words', content: glossary_section() },
  ];
}

function contents(parts: readonly Section[]): HTMLElement {
  return h('nav', { 'aria-label': 'Contents' }, h('ul', {}, parts.map((p) => h('li', {}, h('a', { href: `#${p.id}` }, p.title)))));
}

function section(part: Section): HTMLElement {
  return h('section', { id: part.id, 'aria-labelledby': `${part.id}-title` }, h('h2', { id: `${part.id}-title` }, part.title), part.content);
}

function hatch(id: string, color: string, width: number): SVGElement {
  return svg('pattern', { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    svg('rect', { width: 6, height: 6, fill: 'var(--paper)' }), svg('rect', { width, height: 6, fill: color }));
}

/** Hatched areas tell themselves apart without colour. */
function patterns(): SVGElement {
  return svg('svg', { width: 0, height: 0, 'aria-hidden': 'true', class: 'patterns' },
    svg('defs', {}, hatch('hatch-wait', 'var(--wait)', 2.5), hatch('hatch-parallel', 'var(--parallel)', 3.5)));
}

function colophon(report: Report): HTMLElement {
  const size = report.run.parameters === null ? '' : `, ${format_short(report.run.parameters)} parameters`;
  return h('footer', {},
    h('p', {}, `${report.program === '' ? 'EuroMesh' : report.program}${size}. This file is complete: it asks nothing from the network, and all its numbers stand in the JSON element #report-data.`),
    h('p', {}, 'Outlines: Natural Earth (public domain), with Crimea and northern Cyprus as in UN General Assembly resolutions 68/262 and 37/253. Charts: Observable Plot and D3 (ISC). Type: Source Serif and Source Sans (SIL Open Font License 1.1).'));
}

function build(report: Report): Child[] {
  document.title = `${report.title} · EuroMesh`;
  const head = head_section(report, key_figures(report));
  const parts = sections(report);
  return [patterns(), head, contents(parts), h('main', {}, parts.map(section)), colophon(report)];
}

function failed(error: unknown): HTMLElement {
  return h('main', { class: 'failed', role: 'alert' }, h('h1', {}, 'This report cannot be shown'), h('p', {}, error instanceof Error ? error.message : String(error)));
}

function start(): void {
  const target = document.getElementById('report');
  const json = document.getElementById('report-data')?.textContent ?? '';
  try {
    const page = h('div', { class: 'page' }, build(read_report(json)));
    number_figures(page);
    target?.append(page);
  } catch (error) {
    target?.append(failed(error));
  }
  window.addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
}

start();
