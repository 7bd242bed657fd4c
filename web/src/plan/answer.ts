// What the plan answers, in sentences. Pure text from the data.

import { join_names, plural } from '../format.js';
import type { Phrase } from '../verdict.js';
import type { Compare, PlanDocument, Rival, Site } from './document.js';
import { days_between, write_chance, write_count, write_day, write_days, write_flop, write_large, write_share } from './write.js';

type Ends = Pick<PlanDocument['answer'], 'p10' | 'p90'>;

/** Where eight of ten scenarios end. A missing end lies beyond the horizon. */
export function band_text(ends: Ends, horizon: string): string {
  if (ends.p10 === null) return `nine of ten scenarios do not end by ${write_day(horizon)}`;
  if (ends.p90 === null) return `one in ten scenarios ends by ${write_day(ends.p10)}, and more than one in ten not by ${write_day(horizon)}`;
  return `eight of ten scenarios end between ${write_day(ends.p10)} and ${write_day(ends.p90)}`;
}

export function headline(plan: PlanDocument): string {
  const { date } = plan.answer;
  return date === null ? `Not reached by ${write_day(plan.horizon)}` : write_day(date);
}

export function chance_at_horizon(plan: PlanDocument): number {
  return 1 - plan.answer.never;
}

export function target_text(plan: PlanDocument): string {
  const { name, flop, parameters, tokens } = plan.target;
  const size = parameters === null || tokens === null ? '' : `, ${write_large(parameters)} parameters on ${write_large(tokens)} tokens`;
  return `${name}: ${write_flop(flop)}${size}`;
}

/** How far a plan gets that does not get there. */
export function progress_text(plan: PlanDocument): string {
  const last = plan.curve.at(-1);
  return last === undefined ? '' : `: by ${write_day(last.date)} it has done ${write_flop(last.flop)}, ${write_share(last.flop / plan.target.flop)} of the target`;
}

export function verdict(plan: PlanDocument): Phrase {
  const { answer } = plan;
  const setting = ` with ${write_share(plan.share)} of each machine, from ${write_day(plan.from)} on`;
  const horizon = [{ text: 'The chance that the target is reached at all by ' }, { text: `${write_day(plan.horizon)} is ${write_chance(chance_at_horizon(plan))}`, strong: true }, { text: '.' }];
  if (answer.date === null) return [{ text: `The target is not reached within the horizon${setting}${progress_text(plan)}. ` }, ...horizon];
  const { central_date } = answer;
  const central = central_date === undefined || central_date === null ? '' : ` With every input at its most likely value it would be ${write_day(central_date)}; more can go wrong than right.`;
  return [
    { text: `The median is ` }, { text: write_days(answer.days ?? days_between(plan.from, answer.date)), strong: true }, { text: `${setting}; ` },
    { text: band_text(answer, plan.horizon), strong: true }, { text: `.${central} ` }, ...horizon,
  ];
}

export type Kind = 'used' | 'coming' | 'left';

/** A site that is used, but not from the first day, is coming. "2027" or "2027-03" without a day may be any day of it. */
export function kind_of(site: Site, from: string): Kind {
  if (!site.used) return 'left';
  const { online } = site;
  const start = from.slice(0, Math.min(online?.length ?? 0, 10));
  return online !== null && (online > start || (online === start && online.length < 10)) ? 'coming' : 'used';
}

export const kind_words: Readonly<Record<Kind, string>> = {
  used: 'used from the first day', coming: 'used once it is online', left: 'not used',
};

export function sites_text(plan: PlanDocument): string {
  const kinds = plan.sites.map((s) => kind_of(s, plan.from));
  const count = (kind: Kind): number => kinds.filter((k) => k === kind).length;
  const largest = plan.sites.filter((s) => s.used).sort((a, b) => (b.used_pflops ?? 0) - (a.used_pflops ?? 0)).slice(0, 5);
  const lead = largest.length === 0 ? '' : ` The largest that are used: ${join_names(largest.map((s) => s.name))}.`;
  const coming = count('coming') === 0 ? '' : `, ${plural(count('coming'), 'more once it is online', 'more once they are online')}`;
  return `${plural(count('used'), 'system')} used from the first day${coming}, ${plural(count('left'), 'is', 'are')} not used.${lead}`.replace(/^./, (c) => c.toUpperCase());
}

export function grade_share(plan: PlanDocument): string {
  const leaves = plan.figures.filter((f) => (f.inputs ?? []).length === 0);
  const estimates = leaves.filter((f) => f.grade === 'C').length;
  return `${write_count(estimates)} of ${write_count(leaves.length)} facts and assumptions are estimates (grade C)`;
}

function rival_text(label: string, other: Rival | undefined, plan: PlanDocument): string {
  if (other === undefined) return '';
  if (other.date === null) return ` At equal ${label} it does not get there by ${write_day(plan.horizon)}.`;
  const gap = other.gap_days === null ? '' : ` (${gap_text(other.gap_days)})`;
  return ` At equal ${label} it is done on ${write_day(other.date)}${gap}.`;
}

export function gap_text(days: number): string {
  return days === 0 ? 'the same day' : `${write_days(Math.abs(days))} ${days > 0 ? 'later' : 'earlier'}`;
}

export function compare_text(plan: PlanDocument, other: Compare): Phrase {
  const chance = other.probability_before;
  const [mine, name] = [`“${plan.scenario.name}”`, `“${other.name}”`];
  const end = other.date === null ? `${name} does not reach the target by ${write_day(plan.horizon)}` : `${name} reaches the target on ${write_day(other.date)}`;
  const gap = other.gap_days === null ? '' : `, ${gap_text(other.gap_days)} than ${mine}`;
  const lead = { text: `${end}${gap === '' ? '' : gap.replace('the same day than', 'the same day as')}. ` };
  const odds = chance === null ? [] : [{ text: 'The chance that ' }, { text: `${mine} is done first is ${write_chance(chance)}`, strong: true }, { text: '.' }];
  return [lead, ...odds, { text: rival_text('power', other.equal_power, plan) + rival_text('money', other.equal_money, plan) }];
}
