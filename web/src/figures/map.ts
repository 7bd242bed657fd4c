// Figure: where the sites stand and who exchanges with whom.

import { svg } from '../dom.js';
import { figure } from '../figure.js';
import { join_names, plural } from '../format.js';
import { arc_path, pin_radius, place_labels, places, site_pairs, view_of } from '../map_view.js';
import type { Label, Place, View } from '../map_view.js';
import type { Report, Site } from '../report.js';
import { outlines } from './outlines.js';

interface Pin { place: Place<Site>; x: number; y: number; width: number; height: number }

const small_from = 480;

function pins(shown: readonly Place<Site>[], view: View, scale: number, width: number): Pin[] {
  const size = width < small_from ? 12.5 : 15;
  return shown.map((place) => ({
    place,
    x: (place.x - view.x) * scale,
    y: (place.y - view.y) * scale,
    width: Math.max(place.site.label.length * size * 0.58, place.site.language.length * size * 0.44) + 4,
    height: place.site.language === '' ? size * 1.2 : size * 2.2,
  }));
}

function cut(text: string): string {
  return text.length > 26 ? `${text.slice(0, 25)}…` : text;
}

function label_text(pin: Pin, label: Label): SVGElement {
  const line = pin.place.site.language === '' ? pin.height : pin.height / 2.1;
  const common = { x: label.text_x, 'text-anchor': label.anchor };
  return svg('g', {},
    svg('text', { ...common, y: label.y + line * 0.82, class: 'site-name' }, cut(pin.place.site.label)),
    svg('text', { ...common, y: label.y + line * 1.72, class: 'site-language' }, cut(pin.place.site.language)));
}

function draw(report: Report, width: number): SVGElement {
  const shown = places(report.sites);
  const view = view_of(shown);
  const scale = width / view.width;
  const height = Math.round(view.height * scale);
  const points = pins(shown, view, scale, width);
  const labels = place_labels(points.map((p) => ({ ...p, width: Math.min(p.width, 220) })), width, height);
  const arcs = report.sites.length > 1 ? site_pairs(points) : [];
  return svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, class: width < small_from ? 'map small' : 'map' },
    svg('rect', { width, height, class: 'sea' }),
    outlines(report.sites, view, scale),
    arcs.map(([a, b]) => svg('path', { d: arc_path(a, b), class: arcs.length > 10 ? 'arc thin' : 'arc' })),
    points.map((p) => svg('circle', { cx: p.x, cy: p.y, r: pin_radius, class: 'pin' })),
    points.map((p, i) => { const label = labels[i]; return label === undefined ? null : label_text(p, label); }));
}

function whereabouts(site: Site): string {
  return [site.label, site.country === '' ? '' : `(${site.country})`, site.language === '' ? '' : `with ${site.language} text`].filter((t) => t !== '').join(' ');
}

export function map_caption(report: Report, shown: readonly Place<Site>[]): string {
  const names = join_names(report.sites.map(whereabouts), 20);
  const arcs = report.sites.length > 1 ? ' Each arc joins two sites whose outer steps are combined; text stays where it is.' : '';
  const indices = new Set(shown.map((p) => p.index));
  const missing = report.sites.filter((_, i) => !indices.has(i)).map((s) => s.label);
  const without = missing.length > 0 ? ` Not on this map: ${join_names(missing)}.` : '';
  return `${plural(report.sites.length, 'site')}: ${names}.${arcs}${without}`.replace(/^./, (c) => c.toUpperCase());
}

export function map_figure(report: Report): HTMLElement {
  return figure({
    id: 'map',
    title: 'Where the named machines stand',
    caption: map_caption(report, places(report.sites)),
    source: 'Outlines: Natural Earth, 1:50 million; a border here is no statement on the status of a territory.',
    draw: (width) => draw(report, width),
  });
}
