// Charts made of rows: a label, a bar, the number. Each is a list of sentences to a screen reader, and bars are drawn in per
// cent of their place, so that no width draws them again.

import { h, svg } from '../dom.js';
import type { Child } from '../dom.js';
import { percent } from './geometry.js';

export interface Row { label: Child; note?: Child; bar: SVGElement[]; value: Child; strong?: boolean }
export interface Scale { low: number; high: number; ticks: readonly { at: number; text: string }[] }
export interface BarsParts {
  id: string;
  title: string;
  caption: Child;
  legend?: Child;
  scale?: Scale;
  /** What the axis shows, above it. */
  axis?: string;
  rows: readonly Row[];
  height?: number;
}

const at = (value: number): string => `${value.toFixed(3)}%`;

/** A bar between two values, `thick` of the height of its row around `middle` (both in per cent). */
export function bar(scale: Scale, from: number, to: number, paint: string, middle = 50, thick = 62): SVGElement {
  const [a, b] = [percent(Math.min(from, to), scale.low, scale.high), percent(Math.max(from, to), scale.low, scale.high)];
  return svg('rect', { x: at(a), width: at(Math.max(b - a, 0.25)), y: at(middle - thick / 2), height: at(thick), class: `bar ${paint}` });
}

export function upright(scale: Scale, value: number, kind: string, top = 0, bottom = 100): SVGElement {
  const x = at(percent(value, scale.low, scale.high));
  return svg('line', { x1: x, x2: x, y1: at(top), y2: at(bottom), class: kind });
}

/** A range as a thin line with ends. */
export function whisker(scale: Scale, low: number, high: number, middle = 50, thick = 30): SVGElement[] {
  const [a, b] = [percent(low, scale.low, scale.high), percent(high, scale.low, scale.high)];
  return [
    svg('line', { x1: at(a), x2: at(b), y1: at(middle), y2: at(middle), class: 'whisker' }),
    upright(scale, low, 'whisker', middle - thick / 2, middle + thick / 2),
    upright(scale, high, 'whisker', middle - thick / 2, middle + thick / 2),
  ];
}

/** An outlined dot; a hollow one says "not within the horizon". */
export function spot(scale: Scale, value: number, hollow = false): SVGElement {
  return svg('circle', { cx: at(percent(value, scale.low, scale.high)), cy: '50%', r: 5, class: hollow ? 'spot hollow' : 'spot' });
}

function grid_lines(scale: Scale | undefined): SVGElement[] {
  return scale === undefined ? [] : scale.ticks.map((tick) => upright(scale, tick.at, 'grid-line'));
}

function tick_text(scale: Scale, tick: Scale['ticks'][number]): SVGElement {
  const place = percent(tick.at, scale.low, scale.high);
  const anchor = place < 4 ? 'start' : place > 96 ? 'end' : 'middle';
  return svg('text', { x: at(place), y: 14, 'text-anchor': anchor, class: 'tick' }, tick.text);
}

function axis_row(scale: Scale, name: string): HTMLElement {
  return h('div', { class: 'bars-axis', 'aria-hidden': 'true' }, h('span', { class: 'bar-label' }, name), svg('svg', { class: 'bar-place', width: '100%', height: 20 }, scale.ticks.map((t) => tick_text(scale, t))));
}

function row_element(row: Row, scale: Scale | undefined, height: number): HTMLElement {
  return h('li', { class: row.strong === true ? 'strong' : '' },
    h('div', { class: 'bar-label' }, row.label, row.note === undefined || row.note === null ? null : h('small', {}, row.note)),
    svg('svg', { class: 'bar-place', width: '100%', height, 'aria-hidden': 'true' }, grid_lines(scale), row.bar),
    h('div', { class: 'bar-value' }, row.value));
}

export function bars_figure(parts: BarsParts): HTMLElement {
  const { scale, height = 30 } = parts;
  return h('figure', { id: parts.id, class: 'bars-figure' },
    parts.legend ?? null,
    scale === undefined || scale.ticks.length === 0 ? null : axis_row(scale, parts.axis ?? ''),
    h('ol', { class: 'bars', role: 'list', 'aria-label': parts.title }, parts.rows.map((row) => row_element(row, scale, height))),
    h('figcaption', {}, h('b', {}, h('span', { class: 'number' }, 'Figure'), `. ${parts.title}. `), parts.caption));
}

/** A little box painted as the bars are. */
export function box(paint: string): SVGElement {
  return svg('svg', { width: 26, height: 14, class: 'swatch', 'aria-hidden': 'true' }, svg('rect', { x: 0.5, y: 1, width: 25, height: 12, class: `bar ${paint}` }));
}

export function box_legend(items: readonly { label: string; paint: string }[]): HTMLElement {
  return h('ul', { class: 'legend' }, items.map((item) => h('li', {}, box(item.paint), item.label)));
}
