// Figures over time: useful work so far with its band against the target, and the chance to be done.

import { areaY, axisX, axisY, dot, gridX, gridY, line, ruleX, ruleY, text } from '@observablehq/plot';
import type { Markish } from '@observablehq/plot';
import { h, svg } from '../../dom.js';
import type { Child } from '../../dom.js';
import { figure } from '../../figure.js';
import { chart } from '../../figures/plot.js';
import { progress_text } from '../answer.js';
import type { Compare, CurvePoint, PlanDocument } from '../document.js';
import { date_ticks, shown_until, until } from '../geometry.js';
import { folded } from '../table.js';
import { rich } from '../traced.js';
import { unknown, write_chance, write_day, write_flop, write_power } from '../write.js';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function short_date(iso: string): string {
  return iso.slice(5, 7) === '01' ? iso.slice(0, 4) : `${months[Number(iso.slice(5, 7)) - 1] ?? ''} ${iso.slice(0, 4)}`;
}

function date(iso: string): Date {
  return new Date(`${iso.slice(0, 10)}T00:00:00Z`);
}

interface Series { name: string; look: 'this' | 'other'; curve: readonly CurvePoint[]; date: string | null; p10: string | null; p90: string | null }

interface Space { width: number; from: string; end: string; unit: number; top: number }

function time_axis(space: Space): Markish[] {
  const days = date_ticks(space.from, space.end, Math.max(2, space.width / 110));
  return [
    gridX(days.map(date), { stroke: 'var(--grid)', strokeOpacity: 0.7 }),
    axisX(days.map(date), { tickSize: 0, label: null, tickFormat: (d: Date) => short_date(d.toISOString()) }),
  ];
}

function band(series: Series, space: Space): Markish[] {
  const points = until(series.curve, space.end, ['flop', 'p10', 'p90']).map((p) => ({ x: date(p.date), low: p.p10 / space.unit, mid: p.flop / space.unit, high: p.p90 / space.unit }));
  const other = series.look === 'other';
  const color = other ? 'var(--wait)' : 'var(--federated)';
  const edge = { x: 'x', stroke: color, strokeWidth: 1, strokeDasharray: other ? '1 3' : '4 3', clip: true } as const;
  return [
    areaY(points, { x: 'x', y1: 'low', y2: 'high', fill: other ? 'url(#hatch-other)' : color, fillOpacity: other ? 0.45 : 0.16, clip: true }),
    line(points, { ...edge, y: 'low' }), line(points, { ...edge, y: 'high' }),
    line(points, { x: 'x', y: 'mid', stroke: color, strokeWidth: other ? 2.2 : 2.8, clip: true, ...(other ? { strokeDasharray: '7 4' } : {}) }),
  ];
}

/** The date on the target line, and the dates between which eight of ten scenarios cross it. */
function crossing(series: Series, space: Space, target: number): Markish[] {
  if (series.date === null || series.date > space.end) return [];
  const other = series.look === 'other';
  const color = other ? 'var(--wait)' : 'var(--federated)';
  const reach = { x: date(series.date), y: target };
  const late = series.p90 === null || series.p90 > space.end ? space.end : series.p90;
  const span = series.p10 === null ? [] : [{ x: date(series.p10), y: target }, { x: date(late), y: target }];
  const right_half = reach.x.getTime() > (date(space.from).getTime() + date(space.end).getTime()) / 2;
  const words = space.width < 520 ? { fontSize: 12 } : {};
  return [
    line(span, { x: 'x', y: 'y', stroke: color, strokeWidth: 6, strokeOpacity: 0.85, strokeLinecap: 'butt' }),
    ruleX([reach], { x: 'x', y1: 0, y2: 'y', stroke: color, strokeWidth: 1.4, strokeDasharray: other ? '7 4' : '' }),
    dot([reach], { x: 'x', y: 'y', r: 6, fill: 'var(--paper)', stroke: color, strokeWidth: 2.6, symbol: other ? 'square' : 'circle' }),
    text([{ ...reach, y: 0 }], { x: 'x', y: 'y', text: () => write_day(series.date), fill: color, fontWeight: '600', ...words, textAnchor: right_half ? 'end' : 'start', dx: right_half ? -7 : 7, dy: other ? -30 : -12, stroke: 'var(--paper)', strokeWidth: 4 }),
  ];
}

/** The power of ten of the target: the axis counts in units of it. */
export function unit_of(target: number): number {
  return 10 ** Math.floor(Math.log10(target));
}

function draw_curves(plan: PlanDocument, all: readonly Series[], end: string, width: number): Element {
  const unit = unit_of(plan.target.flop);
  const target = plan.target.flop / unit;
  const seen = all.flatMap((s) => until(s.curve, end, ['flop', 'p10', 'p90']).map((p) => p.flop / unit));
  const top = Math.max(target * 1.28, Math.min(Math.max(0, ...seen) * 1.05, target * 2));
  const space: Space = { width, from: plan.from, end, unit, top };
  return chart(width, {
    height: width < 520 ? 300 : 380, marginLeft: 40, marginRight: 16, marginTop: 14, marginBottom: 30,
    x: { type: 'utc', domain: [date(plan.from), date(end)], label: null }, y: { domain: [0, top], label: null },
    marks: [
      gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }), ...time_axis(space), axisY({ tickSize: 0, ticks: 5, label: null }),
      ...all.flatMap((s) => band(s, space)),
      ruleY([target], { stroke: 'var(--ink)', strokeWidth: 1.6 }),
      text([target], { y: (v: number) => v, frameAnchor: 'top-left', text: () => 'target', dx: 6, dy: -10, lineAnchor: 'bottom', textAnchor: 'start', fontWeight: '600', stroke: 'var(--paper)', strokeWidth: 4, fill: 'var(--ink)' }),
      ...all.flatMap((s) => crossing(s, space, target)),
      ruleY([0], { stroke: 'var(--ink)' }),
    ],
  });
}

function this_series(plan: PlanDocument): Series {
  const { date: done, p10, p90 } = plan.answer;
  return { name: plan.scenario.name, look: 'this', curve: plan.curve, date: done, p10, p90 };
}

function line_swatch(look: Series['look']): SVGElement {
  const color = look === 'other' ? 'var(--wait)' : 'var(--federated)';
  return svg('svg', { width: 40, height: 16, class: 'swatch', 'aria-hidden': 'true' },
    svg('rect', { x: 0, y: 2, width: 40, height: 12, fill: look === 'other' ? 'url(#hatch-other)' : color, opacity: look === 'other' ? 0.45 : 0.16 }),
    svg('line', { x1: 0, x2: 40, y1: 8, y2: 8, stroke: color, 'stroke-width': 2.6, 'stroke-dasharray': look === 'other' ? '7 4' : '' }));
}

function curve_legend(all: readonly Series[]): HTMLElement {
  const names = all.length > 1 ? all.map((s) => h('li', {}, line_swatch(s.look), s.name)) : [h('li', {}, line_swatch('this'), 'median, and eight of ten scenarios')];
  const bar = svg('svg', { width: 40, height: 16, class: 'swatch', 'aria-hidden': 'true' }, svg('line', { x1: 1, x2: 39, y1: 8, y2: 8, stroke: 'var(--federated)', 'stroke-width': 6 }), svg('circle', { cx: 16, cy: 8, r: 5, fill: 'var(--paper)', stroke: 'var(--federated)', 'stroke-width': 2.4 }));
  return h('ul', { class: 'legend' }, names, all.every((s) => s.date === null) ? null : h('li', {}, bar, 'target reached: median, and eight of ten scenarios'));
}

function some(points: readonly CurvePoint[], most: number): CurvePoint[] {
  const step = Math.max(1, Math.ceil(points.length / most));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

function numbers(name: string, points: readonly CurvePoint[]): HTMLElement {
  return folded(`${name} in numbers`, {
    caption: `${name}: useful work so far`, rows: some(points, 24), columns: [
      { name: 'Day', write: (p) => write_day(p.date), text: true }, { name: 'Central', write: (p) => write_flop(p.flop) },
      { name: 'One in ten has less', write: (p) => write_flop(p.p10) }, { name: 'One in ten has more', write: (p) => write_flop(p.p90) },
    ],
  });
}

function power_name(unit: number): string {
  return write_power(unit).replace(/^1\.00.×./, '');
}

function curves(id: string, title: string, caption: string, plan: PlanDocument, all: readonly Series[]): Child {
  const end = shown_until(plan, all.flatMap((s) => [s.date, s.p90]));
  const rest = end < plan.horizon.slice(0, 10) ? ` Shown until ${write_day(end)}; the horizon is ${write_day(plan.horizon)}.` : '';
  const drawn = figure({
    id, title, caption: rich(`${caption}${rest}`), source: rich(`Left axis: useful floating-point operations so far, in units of ${power_name(unit_of(plan.target.flop))}.`),
    legend: curve_legend(all), draw: (width) => draw_curves(plan, all, end, width),
  });
  return [drawn, all.map((s) => numbers(s.name, until(s.curve, end, ['flop', 'p10', 'p90'])))];
}

function ends_text(ends: Pick<Series, 'p10' | 'p90'>, horizon: string): string {
  return `${ends.p10 === null ? unknown : write_day(ends.p10)} to ${ends.p90 === null ? `after ${write_day(horizon)}` : write_day(ends.p90)}`;
}

export function curve_figure(plan: PlanDocument): Child {
  if (plan.curve.length < 2) return h('p', { class: 'none' }, 'The plan holds no curve.');
  const { date: done } = plan.answer;
  const caption = done === null
    ? `The line does not reach the target of ${write_flop(plan.target.flop)} by ${write_day(plan.horizon)}${progress_text(plan)}.`.replace(`${write_day(plan.horizon)}: by ${write_day(plan.horizon)}`, `${write_day(plan.horizon)}: by then`)
    : `The line reaches the target of ${write_flop(plan.target.flop)} on ${write_day(done)}; eight of ten scenarios do from ${ends_text(plan.answer, plan.horizon)}.`;
  return curves('figure-curve', 'Useful work so far', caption, plan, [this_series(plan)]);
}

export function compare_figure(plan: PlanDocument, other: Compare): Child {
  const { name, curve, date: done, p10, p90 } = other;
  const ends = (n: string, d: string | null): string => `${n} ${d === null ? `does not reach it by ${write_day(plan.horizon)}` : `reaches it on ${write_day(d)}`}`;
  const caption = `The target is ${write_flop(plan.target.flop)}. ${ends(plan.scenario.name, plan.answer.date)}; ${ends(name, done)}.`;
  return curves('figure-compare', 'Two plans', caption, plan, [this_series(plan), { name, look: 'other', curve, date: done, p10, p90 }]);
}

/** From nothing at the start; the end is the first day with near certainty, or the last there is. */
export function chance_points(plan: PlanDocument): { date: string; probability: number }[] {
  const points = [...plan.answer.probability_by].sort((a, b) => a.date.localeCompare(b.date));
  const sure = points.findIndex((p) => p.probability > 0.995);
  const shown = sure < 0 ? points : points.slice(0, sure + 1);
  return shown[0] !== undefined && shown[0].date > plan.from ? [{ date: plan.from.slice(0, 10), probability: 0 }, ...shown] : shown;
}

function draw_chance(plan: PlanDocument, width: number): Element {
  const points = chance_points(plan);
  const end = points.at(-1)?.date ?? plan.horizon;
  const space: Space = { width, from: plan.from, end, unit: 1, top: 1 };
  const marks = ([[0.1, plan.answer.p10], [0.5, plan.answer.p50], [0.9, plan.answer.p90]] as const).flatMap(([y, d]) => (d === null || d > end ? [] : [{ x: date(d), y: y * 100, day: d }]));
  return chart(width, {
    height: width < 520 ? 220 : 250, marginLeft: 48, marginRight: 24, marginTop: 12, marginBottom: 30,
    x: { type: 'utc', domain: [date(plan.from), date(end)], label: null }, y: { domain: [0, 100], label: null },
    marks: [
      gridY([0, 25, 50, 75, 100], { stroke: 'var(--grid)', strokeOpacity: 1 }), ...time_axis(space),
      axisY([0, 25, 50, 75, 100], { tickSize: 0, label: null, tickFormat: (v: number) => `${v} %` }),
      areaY(points, { x: (p: { date: string }) => date(p.date), y: (p: { probability: number }) => p.probability * 100, fill: 'var(--federated)', fillOpacity: 0.1, curve: 'monotone-x' }),
      line(points, { x: (p: { date: string }) => date(p.date), y: (p: { probability: number }) => p.probability * 100, stroke: 'var(--federated)', strokeWidth: 2.4, curve: 'monotone-x' }),
      dot(marks, { x: 'x', y: 'y', r: 4.5, fill: 'var(--paper)', stroke: 'var(--federated)', strokeWidth: 2.2 }),
      text(marks, { x: 'x', y: 'y', text: (m: { day: string }) => write_day(m.day), textAnchor: 'start', dx: 10, dy: 6, stroke: 'var(--paper)', strokeWidth: 4, fill: 'var(--ink)' }),
      ruleY([0], { stroke: 'var(--ink)' }),
    ],
  });
}

export function chance_figure(plan: PlanDocument): Child {
  const points = chance_points(plan);
  if (points.length < 2 || points.every((p) => p.probability === 0)) return null;
  const { p05, p10, p50, p90, p95 } = plan.answer;
  const named = ([['5 %', p05], ['10 %', p10], ['50 %', p50], ['90 %', p90], ['95 %', p95]] as const).map(([chance, d]) => `${chance} ${d === null ? 'not within the horizon' : `by ${write_day(d)}`}`);
  const drawn = figure({ id: 'figure-chance', title: 'Chance that the target is reached', caption: `${named.join('; ')}.`, draw: (width) => draw_chance(plan, width) });
  return [drawn, folded('The chance in numbers', {
    caption: 'Chance that the target is reached by a day', rows: plan.answer.probability_by,
    columns: [{ name: 'Day', write: (p) => write_day(p.date), text: true }, { name: 'Chance', write: (p) => write_chance(p.probability) }],
  })];
}
