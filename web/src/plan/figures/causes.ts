// Figures of why: the steps from arithmetic to model, what to relax, what moves the date, what explains the spread.

import { h } from '../../dom.js';
import type { Child } from '../../dom.js';
import { bar, bars_figure, box, box_legend, upright, whisker } from '../bars.js';
import type { Row, Scale } from '../bars.js';
import type { Gain, Maybe, PlanDocument, Sobol, Step, Swing } from '../document.js';
import { swing_size, ticks } from '../geometry.js';
import { rich, traced_at, traced_id } from '../traced.js';
import type { Trace } from '../trace.js';
import { write_change, write_day, write_days, write_quantity } from '../write.js';

export function day_scale(low: number, high: number): Scale {
  const room = high > low ? high : low + 1;
  return { low, high: room, ticks: ticks(low, room, 4).map((at) => ({ at, text: write_quantity(at, '1') })) };
}

/** Where the bar of a step starts: at the days before it; those that lie beyond the horizon count as the end of the axis. */
function step_row(step: Step, before: Maybe, scale: Scale, trace: Trace): Row {
  const place = (days: Maybe): number => days ?? scale.high;
  const paint = place(step.days) > place(before) ? 'longer' : 'shorter';
  const change = step.change === null ? null : h('b', {}, write_change(step.change));
  return {
    label: traced_id(trace, step.figure, step.label), note: rich(step.why),
    bar: [...(place(before) === place(step.days) ? [] : [bar(scale, place(before), place(step.days), paint)]), upright(scale, place(step.days), 'link-line', 81, 100), upright(scale, place(before), 'link-line', 0, 19)],
    value: [change, h(change === null ? 'b' : 'small', {}, step.days === null ? 'not reached' : `to ${write_days(step.days)}`)],
  };
}

function total_row(label: Child, note: Child, days: Maybe, value: Child, scale: Scale): Row {
  return { label, note, bar: [bar(scale, 0, days ?? scale.high, days === null ? 'longer' : 'total')], value: h('b', {}, days === null ? 'not reached' : value) };
}

export function steps_figure(plan: PlanDocument, trace: Trace): HTMLElement | null {
  const { steps } = plan;
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return null;
  const days = steps.map((s) => s.days).filter((d): d is number => d !== null);
  const scale = day_scale(0, Math.max(0, ...days) * (days.length < steps.length ? 1.15 : 1.02));
  const rows = steps.slice(1).map((s, i) => step_row(s, steps[i]?.days ?? null, scale, trace));
  const written = (at: Maybe): string => (at === null ? 'not within the horizon' : write_days(at));
  return bars_figure({
    id: 'figure-steps', title: 'From pure arithmetic to the answer', scale, axis: 'days to the target', height: 34,
    rows: [
      total_row(traced_id(trace, first.figure, first.label), rich(first.why), first.days, write_days(first.days), scale), ...rows,
      { ...total_row('The answer', null, last.days, traced_at(trace, 'answer.days', write_days(last.days)), scale), strong: true },
    ],
    legend: box_legend([{ label: 'takes longer', paint: 'longer' }, { label: 'takes less', paint: 'shorter' }, { label: 'days in all', paint: 'total' }]),
    caption: `${first.label}: ${written(first.days)}; with everything below: ${written(last.days)}. Each bar starts where the one above it ends.`,
  });
}

function gain_size(gain: Gain): number {
  return gain.days ?? Infinity;
}

export function gains_figure(plan: PlanDocument): HTMLElement | null {
  const gains = [...plan.binding.gains].sort((a, b) => gain_size(b) - gain_size(a));
  const most = gains[0];
  if (most === undefined) return null;
  const days = gains.map((g) => g.days).filter((d): d is number => d !== null);
  const scale = day_scale(Math.min(0, ...days), Math.max(0, ...days) * 1.02);
  const drawn = (g: Gain): SVGElement => bar(scale, 0, g.days ?? scale.high, g.days === null ? 'high' : g.days < 0 ? 'longer' : 'shorter');
  return bars_figure({
    id: 'figure-gains', title: 'What to relax first', scale: days.length === 0 ? { ...scale, ticks: [] } : scale, axis: 'days saved', height: 26,
    rows: gains.map((g) => ({ label: rich(g.label), bar: [drawn(g)], value: h('b', {}, g.days === null ? 'reached only so' : write_days(g.days)) })),
    caption: `Each change alone, the rest as it is. First: ${most.label}.${most.days === null ? ' "Reached only so": without this change the target is not reached within the horizon.' : ''}`,
  });
}

function swing_value(swing: Swing, end: 'low' | 'high', paint: string): Child {
  const days = end === 'low' ? swing.days_at_low : swing.days_at_high;
  const input = write_quantity(swing[end], swing.unit);
  return h('span', { class: 'end' }, box(paint), h('span', {}, `${input}: `, h('b', {}, days === null ? 'not reached' : write_days(days))));
}

function swing_row(swing: Swing, centre: number | null, scale: Scale, trace: Trace): Row {
  const place = (days: number | null): number => days ?? scale.high;
  const [low, high] = [place(swing.days_at_low), place(swing.days_at_high)];
  const bars = centre === null ? [bar(scale, low, high, 'low')] : [bar(scale, centre, low, 'low', 50, 64), bar(scale, centre, high, 'high', 50, 64), upright(scale, centre, 'centre-line')];
  return { label: traced_id(trace, swing.figure, swing.label), bar: bars, value: [swing_value(swing, 'low', 'low'), swing_value(swing, 'high', 'high')] };
}

export function tornado_figure(plan: PlanDocument, trace: Trace): HTMLElement | null {
  const swings = [...plan.tornado].sort((a, b) => swing_size(b) - swing_size(a));
  const centre = plan.answer.central_days ?? plan.answer.days;
  const days = swings.flatMap((s) => [s.days_at_low, s.days_at_high]).concat(centre).filter((d): d is number => d !== null);
  if (swings.length === 0 || days.length === 0) return null;
  const [least, most] = [Math.min(...days), Math.max(...days)];
  const open = swings.some((s) => s.days_at_low === null || s.days_at_high === null);
  const scale = day_scale(least - (most - least) * 0.04, most + (most - least) * (open ? 0.12 : 0.04));
  const beyond = open ? ` "Not reached" bars run to the edge: by ${write_day(plan.horizon)} the target is not reached.` : '';
  return bars_figure({
    id: 'figure-tornado', title: 'What moves the date', scale, axis: 'days to the target', height: 34,
    rows: swings.map((s) => swing_row(s, centre, scale, trace)),
    legend: box_legend([{ label: 'input at its low end', paint: 'low' }, { label: 'input at its high end', paint: 'high' }]),
    caption: `Each input alone from the low to the high end of its range${centre === null ? '' : `; the line is the central ${write_days(centre)}`}. The axis does not start at zero.${beyond}`,
  });
}

function two(value: number): string {
  const text = value.toFixed(2);
  return text === '-0.00' ? '0.00' : text.replace('-', '−');
}

function index_text(name: string, [value, low, high]: [number, number, number], paint: string): Child {
  return h('span', { class: 'end' }, box(paint), h('span', {}, `${name} `, h('b', {}, two(value)), ` (${two(low)} to ${two(high)})`));
}

function sobol_row(item: Sobol, scale: Scale): Row {
  const { first, total } = item;
  return {
    label: rich(item.label),
    bar: [bar(scale, 0, first[0], 'total', 28, 34), ...whisker(scale, first[1], first[2], 28, 26), bar(scale, 0, total[0], 'high', 72, 34), ...whisker(scale, total[1], total[2], 72, 26)],
    value: [index_text('alone', first, 'total'), index_text('with others', total, 'high')],
  };
}

export function sobol_figure(plan: PlanDocument): HTMLElement | null {
  const items = [...(plan.sobol ?? [])].sort((a, b) => b.total[0] - a.total[0]);
  if (items.length === 0) return null;
  const high = Math.max(0.1, ...items.flatMap((i) => [i.first[2], i.total[2]]));
  const low = Math.min(0, ...items.flatMap((i) => [i.first[1], i.total[1]]));
  const scale: Scale = { low, high: high * 1.03, ticks: ticks(low, high * 1.03, 4).map((at) => ({ at, text: String(at).replace('-', '−') })) };
  return bars_figure({
    id: 'figure-sobol', title: 'What explains the spread of the date', scale, axis: 'share of the variance', height: 44,
    rows: items.map((item) => sobol_row(item, scale)),
    legend: box_legend([{ label: 'alone (first-order Sobol index)', paint: 'total' }, { label: 'with others (total index)', paint: 'high' }]),
    caption: 'How much of the variance of the date goes back to each input, alone and together with others, when all vary at once. Thin lines: 90 % intervals of the estimate, which may reach below zero.',
  });
}
