// Where the map looks and where its labels stand. Pure geometry, in frame units (projection.ts) or in pixels.

import { europe_projection, frame } from './projection.js';

export interface View { x: number; y: number; width: number; height: number }
export interface Located { lat: number | null; lon: number | null }
export interface Place<T> { index: number; site: T; x: number; y: number }
export interface Box { x: number; y: number; width: number; height: number }
export interface Label extends Box { anchor: 'start' | 'middle' | 'end'; text_x: number }

/** Sites on the map; those without coordinates or outside the frame are left out and named in the caption. */
export function places<T extends Located>(sites: readonly T[]): Place<T>[] {
  const project = europe_projection();
  return sites.flatMap((site, index) => {
    if (site.lat === null || site.lon === null || Math.abs(site.lat) > 90) return [];
    const [x, y] = project([site.lon, site.lat]) ?? [NaN, NaN];
    const inside = x >= 0 && x <= frame.width && y >= 0 && y <= frame.height;
    return inside ? [{ index, site, x, y }] : [];
  });
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** The smallest view of the frame's shape that holds all sites with a margin, and never less than `least` of Europe. */
export function view_of(shown: readonly Place<unknown>[], least = 0.62, margin = 130): View {
  const all = { x: 0, y: 0, width: frame.width, height: frame.height };
  if (shown.length === 0) return all;
  const xs = shown.map((p) => p.x);
  const ys = shown.map((p) => p.y);
  const width = Math.max(...xs) - Math.min(...xs) + 2 * margin;
  const height = Math.max(...ys) - Math.min(...ys) + 2 * margin;
  const share = clamp(Math.max(width / frame.width, height / frame.height), least, 1);
  const view = { width: frame.width * share, height: frame.height * share };
  const x = clamp((Math.min(...xs) + Math.max(...xs) - view.width) / 2, 0, frame.width - view.width);
  const y = clamp((Math.min(...ys) + Math.max(...ys) - view.height) / 2, 0, frame.height - view.height);
  return { x, y, ...view };
}

export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

export const pin_radius = 5.5;

/** A point with the size of its text and, where it is drawn larger than a pin, its radius. */
export interface Labelled extends Box { r?: number }

export function box_of({ x, y, r = pin_radius }: { x: number; y: number; r?: number }): Box {
  const half = r + 1.5;
  return { x: x - half, y: y - half, width: 2 * half, height: 2 * half };
}

/** Right, left, above, below, and the four corners; the first that overlaps nothing wins, else the one that overlaps least. */
function candidates({ x, y, width, height, r = pin_radius }: Labelled): Label[] {
  const off = r + 4.5;
  const at = (left: number, top: number, anchor: Label['anchor']): Label => {
    const text_x = anchor === 'start' ? left : anchor === 'end' ? left + width : left + width / 2;
    return { x: left, y: top, width, height, anchor, text_x };
  };
  return [
    at(x + off, y - height / 2, 'start'),
    at(x - off - width, y - height / 2, 'end'),
    at(x - width / 2, y - off - height, 'middle'),
    at(x - width / 2, y + off, 'middle'),
    at(x + off * 0.6, y - off * 0.6 - height, 'start'),
    at(x + off * 0.6, y + off * 0.6, 'start'),
    at(x - off * 0.6 - width, y - off * 0.6 - height, 'end'),
    at(x - off * 0.6 - width, y + off * 0.6, 'end'),
  ];
}

function outside(label: Box, width: number, height: number): number {
  const over = Math.max(0, -label.x) + Math.max(0, label.x + label.width - width);
  return over + Math.max(0, -label.y) + Math.max(0, label.y + label.height - height);
}

/** One label per point, in pixels; sizes are those of the text. */
export function place_labels(points: readonly Labelled[], width: number, height: number, obstacles: readonly Box[] = []): Label[] {
  const taken: Box[] = [...points.map(box_of), ...obstacles];
  return points.map((p, own) => {
    const others = taken.filter((_, i) => i !== own);
    const cost = (label: Label): number => others.reduce((sum, box) => sum + overlap(label, box), 0) + 40 * outside(label, width, height);
    const ranked = candidates(p).map((label) => ({ label, cost: cost(label) }));
    const best = ranked.reduce((a, b) => (b.cost < a.cost ? b : a));
    taken.push(best.label);
    return best.label;
  });
}

/** A quadratic curve between two points, bent to the left by a fifth of its length. */
export function arc_path(a: { x: number; y: number }, b: { x: number; y: number }): string {
  const bend = 0.18;
  const middle_x = (a.x + b.x) / 2 - (b.y - a.y) * bend;
  const middle_y = (a.y + b.y) / 2 + (b.x - a.x) * bend;
  const at = (v: number): string => v.toFixed(1);
  return `M${at(a.x)},${at(a.y)}Q${at(middle_x)},${at(middle_y)} ${at(b.x)},${at(b.y)}`;
}

export function site_pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((a, i) => items.slice(i + 1).map((b): [T, T] => [a, b]));
}
