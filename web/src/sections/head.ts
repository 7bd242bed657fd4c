// The first screen: what was run, the headline, the three key figures and the map.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import { map_figure } from '../figures/map.js';
import { format_time, unknown_text } from '../format.js';
import type { Report } from '../report.js';
import { cards, headline } from '../verdict.js';
import type { Card, KeyFigures, Phrase } from '../verdict.js';

function spoken(phrase: Phrase): Child[] {
  return phrase.map((part) => (part.strong === true ? h('strong', {}, part.text) : part.text));
}

export function value_text(text: string): Child {
  return text === unknown_text ? h('i', { class: 'unknown' }, text) : text;
}

function card(item: Card): HTMLElement {
  return h('div', { class: 'card' },
    h('dt', {}, item.name),
    h('dd', {}, h('b', { class: item.value === unknown_text ? 'value missing' : 'value' }, item.value), ' ', h('span', { class: 'unit' }, item.unit), h('small', {}, item.detail)));
}

function masthead(report: Report): HTMLElement {
  const facts = [report.run.name === '' ? '' : `run ${report.run.name}`, report.created === '' ? '' : format_time(report.created), report.program];
  return h('p', { class: 'masthead' }, h('b', {}, 'EuroMesh'), facts.filter((f) => f !== '').map((f) => h('span', {}, f)));
}

function warning(figures: KeyFigures): Child {
  if (figures.disagreements.length === 0) return null;
  return h('aside', { class: 'warning', 'aria-label': 'Numbers that disagree' }, h('b', {}, 'Numbers that disagree. '), figures.disagreements.map((d) => h('span', {}, d, ' ')));
}

export function head_section(report: Report, figures: KeyFigures): HTMLElement {
  const said = h('p', { class: 'headline' }, spoken(headline(report, figures)));
  const caution = h('p', { class: 'caution' }, h('a', { href: '#limits' }, 'What these numbers are not'), ': a small model, and sites that may all be one computer.');
  const words = h('div', { class: 'words' }, masthead(report), h('h1', {}, report.title), said, caution);
  const numbers = h('dl', { class: 'cards' }, cards(report, figures).map(card));
  return h('header', { class: 'first' }, words, map_figure(report), numbers, warning(figures));
}
