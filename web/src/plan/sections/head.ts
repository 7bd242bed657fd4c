// The first screen: the date, how sure it is, what it takes, and the map.

import { h } from '../../dom.js';
import type { Child } from '../../dom.js';
import { format_time } from '../../format.js';
import type { Phrase } from '../../verdict.js';
import { grade_share, headline, target_text, verdict } from '../answer.js';
import type { PlanDocument } from '../document.js';
import { map_figure } from '../figures/map.js';
import { rich, traced_at } from '../traced.js';
import { grade_words } from '../trace.js';
import type { Trace } from '../trace.js';
import { unknown, write_carbon, write_eur, write_large, write_mwh, write_range, write_share } from '../write.js';

export function spoken(phrase: Phrase): Child[] {
  return phrase.map((part) => (part.strong === true ? h('strong', {}, rich(part.text)) : rich(part.text)));
}

function masthead(plan: PlanDocument): HTMLElement {
  const made = /^\d{4}-\d{2}-\d{2}T/.test(plan.made) ? format_time(plan.made) : plan.made;
  return h('p', { class: 'masthead' }, h('b', {}, 'EuroMesh plan'), [plan.scenario.name, made === '' ? '' : `made ${made}`].filter((t) => t !== '').map((t) => h('span', {}, t)));
}

function card(name: string, value: Child, range: string): HTMLElement {
  const missing = value === unknown;
  return h('div', { class: 'card' }, h('dt', {}, name), h('dd', {}, h('span', { class: missing ? 'value missing' : 'value' }, value), range === '' ? null : h('small', {}, rich(range))));
}

function cards(plan: PlanDocument, trace: Trace): HTMLElement {
  const { totals } = plan;
  const hours = totals.accelerator_hours;
  return h('dl', { class: 'cards four' },
    card('Cost', traced_at(trace, 'totals.eur', write_eur(totals.eur), true), write_range(totals.eur_low, totals.eur_high, write_eur)),
    card('Energy', traced_at(trace, 'totals.mwh', write_mwh(totals.mwh), true), write_range(totals.mwh_low, totals.mwh_high, write_mwh)),
    card('Carbon', traced_at(trace, 'totals.tco2e', write_carbon(totals.tco2e), true), write_range(totals.tco2e_low, totals.tco2e_high, write_carbon)),
    card('Accelerator-hours', traced_at(trace, 'totals.accelerator_hours', write_large(hours), true), `a share of ${write_share(plan.share)} of each machine`));
}

function warning(problems: readonly string[]): Child {
  if (problems.length === 0) return null;
  const shown = problems.slice(0, 5);
  const rest = problems.length - shown.length;
  return h('aside', { class: 'warning', 'aria-label': 'Data that could not be read' },
    h('b', {}, 'Data that could not be read and are left out. '), shown.map((p) => h('span', {}, p, ' ')), rest > 0 ? `And ${rest} more.` : null);
}

function estimates(plan: PlanDocument): HTMLElement {
  return h('p', { class: 'aside' }, `${grade_share(plan)}. A number that rests on one carries the mark `, h('span', { class: 'mark' }, grade_words.C.short),
    `: ${grade_words.C.long}. Underlined numbers lead to their formula and sources.`);
}

export function head_section(plan: PlanDocument, problems: readonly string[], trace: Trace): HTMLElement {
  const place = plan.answer.days === null ? 'answer.date' : 'answer.days';
  const words = h('div', { class: 'words' },
    masthead(plan),
    h('h1', { class: 'answer' }, h('span', { class: 'kicker' }, plan.answer.date === null ? 'The target is' : 'Half of all scenarios reach the target by'), ' ', traced_at(trace, place, headline(plan).replaceAll('\u00a0', ' '))),
    h('p', { class: 'headline' }, spoken(verdict(plan))),
    h('p', { class: 'target' }, h('b', {}, 'Target: '), traced_at(trace, 'target', target_text(plan))),
    plan.scenario.about === '' ? null : h('p', { class: 'aside' }, plan.scenario.about),
    estimates(plan));
  return h('header', { class: 'first' }, words, map_figure(plan), cards(plan, trace), warning(problems));
}
