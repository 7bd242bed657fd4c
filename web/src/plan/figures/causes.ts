// Figures of why: the steps from arithmetic to model, what to relax, what moves the date, what explains the spread.

import { h } from '../../dom.js';
import type { Child } from '../../dom.js';
import { bar, bars_figure, box, box_legend, upright, whisker } from '../bars.js';
import type { Row, Scale } from '../bars.js';
import type { PlanDocument, Sobol, Step, Swing } from '../document.js';
import { swing_size, ticks } from '../geometry.js';
import { rich, traced_at, traced_id } from '../traced.js';
import type { Trace } from '../trace.js';
import { write_change, write_count, write_day, write_days, write_quantity } from '../write.js';

export function day_scale(low: number, high: number): Scale {
  const room = high > low ? high : low + 1;
  return { low, high: room, ticks: ticks(low, room, 4).map((at) => ({ at, text: write_count(at) })) };
}

function step_row(step: Step, index: number, scale: Scale, trace: Trace): Row {
  const before = step.days - step.change;
  const first = index === 0;
  const paint = first ? 'total' : step.change > 0 ? 'longer' : 'shorter';
  const drawn = first ? bar(scale, 0, step.days, paint) : bar(scale, before, step.days, paint);
  const label = traced_id(trace, step.figure, step.label);
  const value = first ? h('b', {}, write_days(step.days)) : [h('b', {}, write_change(step.change)), h('small', {}, `to ${write_days(step.days)}`)];
  return { label, note: rich(step.why), bar: [drawn, ...(first ? [] : [upright(scale, step.days, 'link-line', 81, 100), upright(scale, before, 'link-line', 0, 19)])], value };
}

export function steps_figure(plan: PlanDocument, trace: Trace): HTMLElement | null {
  const { steps } = plan;
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return null;
  const scale = day_scale(0, Math.max(...steps.flatMap((s) => [s.days, s.days - s.change])) * 1.02);
  const rows = steps.map((s, i) => step_row(s, i, scale, trace));
  const total: Row = { label: 'The full model', bar: [bar(scale, 0, last.days, 'total')], value: h('b', {}, traced_at(trace, 'answer.days', write_days(last.days))), strong: true };
  return bars_figure({
    id: 'figure-steps', title: 'From pure arithmetic to the full model', scale, axis: 'days to the target', rows: [...rows, total], height: 34,
    legend: box_legend([{ label: 'takes longer', paint: 'longer' }, { label: 'takes less', paint: 'shorter' }, { label: 'days in all', paint: 'total' }]),
    caption: `${write_days(first.days)} by dividing the target by a rate; ${write_days(last.days)} with everything below. Each bar starts where the one above it ends.`,
  });
}

export function gains_figure(plan: PlanDocument): HTMLElement | null {
  const gains = [...plan.binding.gains].sort((a, b) => b.days - a.days);
  const most = gains[0];
  if (most === undefined) return null;
  const scale = day_scale(Math.min(0, ...gains.map((g) => g.days)), Math.max(0, most.days) * 1.02);
  return bars_figure({
    id: 'figure-gains', title: 'What to relax first', scale, axis: 'days saved', height: 26,
    rows: gains.map((g) => ({ label: rich(g.label), bar: [bar(scale, 0, g.days, g.days < 0 ? 'longer' : 'shorter')], value: h('b', {}, write_days(g.days)) })),
    caption: `Each change alone, the rest as it is. Most is saved by: ${most.label}.`,
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
  const centre = plan.answer.days;
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
