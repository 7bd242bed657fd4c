// Figure: the systems on the map. Area is the used rate; fill, hatch and cross tell apart who is used, coming, left out.

import { h, svg } from '../../dom.js';
import { figure } from '../../figure.js';
import { outlines } from '../../figures/outlines.js';
import { join_names } from '../../format.js';
import { box_of, overlap, place_labels, places, view_of } from '../../map_view.js';
import type { Box, Label, Place } from '../../map_view.js';
import { kind_of, kind_words, sites_text } from '../answer.js';
import type { Kind } from '../answer.js';
import type { PlanDocument, Site } from '../document.js';
import { apart } from '../geometry.js';
import type { Circle } from '../geometry.js';
import { figure_address, rich } from '../traced.js';
import { write_day, write_pflops } from '../write.js';

interface Dot extends Circle { site: Site; kind: Kind }

const cross_size = 3.2;
const small_from = 480;

function radius(site: Site, kind: Kind, most: number, width: number): number {
  if (kind === 'left') return cross_size;
  const share = most > 0 ? Math.max(site.used_pflops ?? 0, 0) / most : 0;
  return Math.max(2.6, Math.sqrt(share) * Math.min(30, width * 0.047));
}

/** Crosses and dots in one place move apart together; the largest are drawn first, so that none is hidden. */
export function dots(shown: readonly Place<Site>[], from: string, origin: { x: number; y: number; scale: number }, width: number): Dot[] {
  const most = Math.max(0, ...shown.map((p) => p.site.used_pflops ?? 0));
  const placed = shown.map(({ site, x, y }): Dot => {
    const kind = kind_of(site, from);
    return { site, kind, x: (x - origin.x) * origin.scale, y: (y - origin.y) * origin.scale, r: radius(site, kind, most, width) };
  });
  return apart(placed.sort((a, b) => b.r - a.r));
}

function short_name(site: Site): string {
  const name = (site.name.split(' / ')[0] ?? site.name).replace(/ \(.*\)$/, '');
  return name.length > 26 ? `${name.slice(0, 25)}…` : name;
}

function named(all: readonly Dot[], count: number): Dot[] {
  const seen = new Set<string>();
  return all.filter((dot) => {
    const first = dot.kind !== 'left' && !seen.has(short_name(dot.site));
    seen.add(short_name(dot.site));
    return first;
  }).slice(0, count);
}

export function tooltip(site: Site, kind: Kind): string {
  const rate = site.used ? `, ${write_pflops(site.used_pflops)} used of ${write_pflops(site.peak_pflops)} peak` : '';
  const when = kind === 'coming' ? `, online ${write_day(site.online)}` : '';
  return `${site.name}: ${kind_words[kind]}${rate}${when}${site.why_not === undefined ? '' : `. ${site.why_not}`}`;
}

function mark_of(dot: Dot): SVGElement {
  const { x, y, r } = dot;
  if (dot.kind !== 'left') return svg('circle', { cx: x, cy: y, r, class: `site ${dot.kind}` });
  const arm = r * 0.8;
  return svg('path', { d: `M${x - arm},${y - arm}L${x + arm},${y + arm}M${x - arm},${y + arm}L${x + arm},${y - arm}`, class: 'site left' });
}

/** A way for the mouse only: with the keyboard, the same is reached in the table of sites. */
function linked(dot: Dot): SVGElement {
  const parts = [svg('title', {}, tooltip(dot.site, dot.kind)), mark_of(dot), svg('circle', { cx: dot.x, cy: dot.y, r: Math.max(dot.r, 6), class: 'catch' })];
  return dot.site.figure === '' ? svg('g', {}, parts) : svg('a', { href: figure_address(dot.site.figure), tabindex: -1 }, parts);
}

interface Named { dot: Dot; label: Label }

/** Where it is crowded, the name of a smaller system gives way: it stays in the table and under the pointer. */
function legible(wanted: readonly { dot: Dot; label: Label | undefined }[], others: readonly Box[]): Named[] {
  const taken: Box[] = [...others, ...wanted.map(({ dot }) => box_of(dot))];
  return wanted.flatMap(({ dot, label }) => {
    if (label === undefined || taken.reduce((sum, box) => sum + overlap(label, box), 0) > 0.12 * label.width * label.height) return [];
    taken.push(label);
    return [{ dot, label }];
  });
}

function name_text(dot: Dot, label: Label): SVGElement {
  return svg('text', { x: label.text_x, y: label.y + label.height * 0.78, 'text-anchor': label.anchor, class: 'site-name' }, short_name(dot.site));
}

function draw(plan: PlanDocument, width: number): SVGElement {
  const shown = places(plan.sites);
  const view = view_of(shown, 0.62, 60);
  const scale = width / view.width;
  const height = Math.round(view.height * scale);
  const all = dots(shown, plan.from, { x: view.x, y: view.y, scale }, width);
  const names = named(all, width < small_from ? 6 : 11);
  const size = width < small_from ? 11.5 : 13;
  const others = all.filter((d) => !names.includes(d) && d.kind !== 'left').map(box_of);
  const labels = place_labels(names.map((d) => ({ x: d.x, y: d.y, r: d.r, width: short_name(d.site).length * size * 0.56 + 4, height: size * 1.2 })), width, height, others);
  return svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: width < small_from ? 'map plan-map small' : 'map plan-map' },
    svg('rect', { width, height, class: 'sea' }), outlines(plan.sites.filter((s) => s.used), view, scale), all.map(linked),
    legible(names.map((dot, i) => ({ dot, label: labels[i] })), others).map(({ dot, label }) => name_text(dot, label)));
}

function key(kind: Kind): SVGElement {
  const dot = { x: 9, y: 8, r: kind === 'left' ? 4.5 : 6.5, kind } as Dot;
  return svg('svg', { width: 18, height: 16, class: 'swatch plan-map', 'aria-hidden': 'true' }, mark_of(dot));
}

function legend(): HTMLElement {
  return h('ul', { class: 'legend' }, (['used', 'coming', 'left'] as const).map((kind) => h('li', {}, key(kind), kind_words[kind])));
}

export function map_figure(plan: PlanDocument): HTMLElement {
  const indices = new Set(places(plan.sites).map((p) => p.index));
  const missing = plan.sites.filter((_, i) => !indices.has(i)).map((s) => s.name);
  const most = Math.max(0, ...plan.sites.map((s) => s.used_pflops ?? 0));
  const size = most > 0 ? ` The area of a circle is the useful rate of a system; the largest is ${write_pflops(most)}.` : '';
  return figure({
    id: 'map', title: 'Where the work is done',
    caption: `${sites_text(plan)}${size} Circles of one place stand side by side.${missing.length === 0 ? '' : ` Not on this map: ${join_names(missing)}.`}`,
    source: rich('PF: 10¹⁵ floating-point operations a second; EF: a thousand of these. All are in the table of systems. Outlines: Natural Earth; a border here is no statement on the status of a territory.'),
    legend: legend(), draw: (width) => draw(plan, width),
  });
}
