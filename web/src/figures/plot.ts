// What all charts share: fonts, colours, margins, and lines that carry symbols.

import { dot, line, plot, text, tip, pointer } from '@observablehq/plot';
import type { Markish, PlotOptions } from '@observablehq/plot';
import { is_stroked } from '../figure.js';
import type { Look } from '../looks.js';
import { spread, thinned } from '../series.js';

export function chart(width: number, options: PlotOptions): Element {
  return plot({ width, style: { fontFamily: 'var(--sans)', fontSize: '13px', color: 'var(--ink)', background: 'none', overflow: 'visible' }, ...options });
}

/** Symbol painted so that it stands out of the line below it. */
export function symbol_paint(look: Look): { symbol: Look['symbol']; fill: string; stroke: string; strokeWidth: number } {
  if (is_stroked(look.symbol)) return { symbol: look.symbol, fill: 'none', stroke: look.color, strokeWidth: 2.2 };
  return { symbol: look.symbol, fill: look.color, stroke: 'var(--paper)', strokeWidth: 1.2 };
}

export interface LinePoint { x: number; y: number | null }
export interface DrawnLine { label: string; look: Look; points: readonly LinePoint[] }

export function line_marks(lines: readonly DrawnLine[], symbols: number, clip = false): Markish[] {
  return [...lines].reverse().flatMap(({ look, points }, index) => [
    line(points, { x: 'x', y: 'y', stroke: look.color, strokeWidth: look.width, strokeDasharray: look.dash, strokeLinejoin: 'round', clip }),
    dot(thinned(points.filter((p) => p.y !== null), symbols, (index + 0.5) / lines.length), { x: 'x', y: 'y', r: 4.2, ...symbol_paint(look), clip }),
  ]);
}

export function tip_mark(lines: readonly DrawnLine[], write: (label: string, x: number, y: number) => string): Markish {
  const rows = lines.flatMap(({ label, points }) => points.map((p) => ({ ...p, title: p.y === null ? '' : write(label, p.x, p.y) })));
  return tip(rows.filter((r) => r.y !== null), pointer({ x: 'x', y: 'y', title: 'title', fill: 'var(--paper)', stroke: 'var(--rule)' }));
}

export interface EndLabels { width: number; height: number; top: number; bottom: number; y: readonly [number, number]; log: boolean }

/** Names at the right end of the lines, moved apart where lines end close together. */
export function end_labels(lines: readonly DrawnLine[], space: EndLabels): Markish {
  const ends = lines.flatMap((l) => { const p = l.points.filter((q) => q.y !== null).at(-1); return p === undefined || p.y === null ? [] : [{ ...l, x: p.x, y: p.y }]; });
  const warp = space.log ? Math.log : (v: number): number => v;
  const [low, high] = [warp(space.y[0]), warp(space.y[1])];
  const inner = space.height - space.top - space.bottom;
  const wanted = ends.map((e) => space.top + (1 - (warp(e.y) - low) / (high - low)) * inner);
  const placed = spread(wanted, 17, space.top, space.height - space.bottom);
  return ends.map((e, i) => text([e], {
    frameAnchor: 'top-right', text: () => shorten(e.label, 22), fill: e.look.color, fontWeight: '600', textAnchor: 'start', dx: 10, dy: (placed[i] ?? 0) - space.top, lineAnchor: 'middle',
  }));
}

export function shorten(label: string, most: number): string {
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}
