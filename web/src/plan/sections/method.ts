// How the numbers were made and where they end, in words.

import { h } from '../../dom.js';
import type { Child } from '../../dom.js';
import { grade_share } from '../answer.js';
import type { PlanDocument } from '../document.js';
import { write_chance, write_count, write_day, write_share } from '../write.js';

function how(plan: PlanDocument): string[] {
  const { answer } = plan;
  const seed = plan.seed === undefined ? '' : ` The random numbers follow from the seed ${plan.seed}, so that the same program gives the same scenarios again.`;
  return [
    `One scenario: from ${write_day(plan.from)}, the useful work of all systems that are online is added up, from one event to the next (a system comes, ramps up, goes), each at the rate of its accelerators, at a share of ${write_share(plan.share)}. The date is the first day on which the sum reaches the target.`,
    `The answer: the same calculation in ${write_count(answer.scenarios)} scenarios, in which the inputs vary over their ranges, delays and costs together where they share a cause. The date is the median; one in ten scenarios ends before the first date of the band, one in ten after the second. ${answer.never === 0 ? 'All of them reach the target' : `In ${write_chance(answer.never)} of them the target is not reached`} by ${write_day(plan.horizon)}.`,
    `What moves the date, cost, energy and carbon are told for the most likely value of each input${answer.central_date === undefined || answer.central_date === null ? '' : ` (${write_day(answer.central_date)})`}. The median is later than that, because delays and losses have long tails on one side.${seed}`,
  ];
}

function limits(plan: PlanDocument): string[] {
  return [
    'A plan is no promise: it says what would follow if the systems were granted as the scenario says. The share is a political choice and not a forecast.',
    `The band holds what the ranges hold. ${grade_share(plan)}; what nobody thought of is in no range.`,
    'Cost and carbon are those of the run, with the parts that are listed; building the machines, research that led to the run and later use are not in them unless a part says so.',
    ...(plan.limits ?? []),
  ];
}

export function method_section(plan: PlanDocument): Child {
  const file = plan.scenario.file;
  const command = plan.command ?? (file === '' ? '' : `euromesh plan run ${file}`);
  return [
    how(plan).map((text) => h('p', {}, text)),
    h('h3', {}, 'What these numbers are not'), h('ul', { class: 'limits' }, limits(plan).map((text) => h('li', {}, text))),
    h('h3', {}, 'Make it again'),
    h('dl', { class: 'facts' }, ([['program', plan.version], ['scenario', file], ['made', plan.made]] as const).filter(([, v]) => v !== '').map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    command === '' ? null : h('pre', { class: 'command' }, h('code', {}, command)),
  ];
}
