// A figure: heading, legend, drawing, caption. The drawing is made for the width at hand and made again when that changes.

import { symbol, symbolCross, symbolCircle, symbolDiamond, symbolPlus, symbolSquare, symbolStar, symbolTimes, symbolTriangle, symbolWye } from 'd3-shape';
import { h, svg } from './dom.js';
import type { Child } from './dom.js';
import type { Look, SymbolName } from './looks.js';

export type Draw = (width: number) => Element;

export interface FigureParts {
  id: string;
  title: string;
  /** What a reader who cannot see the drawing should learn from it; also the visible caption. */
  caption: Child;
  source?: Child;
  legend?: Child;
  draw: Draw;
}

const shapes = {
  circle: symbolCircle, triangle: symbolTriangle, square: symbolSquare, diamond: symbolDiamond,
  star: symbolStar, wye: symbolWye, cross: symbolCross, plus: symbolPlus, times: symbolTimes,
} as const;

export function is_stroked(name: SymbolName): boolean {
  return name === 'times' || name === 'plus';
}

export function swatch(look: Look, parts: 'line' | 'symbol' = 'line'): SVGSVGElement {
  const width = parts === 'line' ? 40 : 18;
  const path = symbol(shapes[look.symbol], 70)() ?? '';
  const line = { x1: 1, x2: width - 1, y1: 8, y2: 8, stroke: look.color, 'stroke-width': look.width, 'stroke-dasharray': look.dash };
  const paint = is_stroked(look.symbol) ? { fill: 'none', stroke: look.color, 'stroke-width': 2 } : { fill: look.color, stroke: 'var(--paper)', 'stroke-width': 1 };
  return svg('svg', { width, height: 16, viewBox: `0 0 ${width} 16`, 'aria-hidden': 'true', class: 'swatch' },
    parts === 'line' ? svg('line', line) : null,
    svg('path', { d: path, transform: `translate(${width / 2},8)`, ...paint }));
}

export function legend(items: readonly { label: string; look: Look }[], parts: 'line' | 'symbol' = 'line'): HTMLElement {
  return h('ul', { class: 'legend' }, items.map((item) => h('li', {}, swatch(item.look, parts), item.label)));
}

/** Keeps `holder` filled with a drawing of its own width. Only a change of width draws again. */
function draw_to_width(holder: HTMLElement, draw: Draw): void {
  let drawn = 0;
  const redraw = (width: number): void => {
    if (width < 40 || Math.abs(width - drawn) < 1) return;
    drawn = width;
    holder.replaceChildren(draw(width));
  };
  new ResizeObserver(([entry]) => redraw(Math.floor(entry?.contentRect.width ?? 0))).observe(holder);
}

export function figure(parts: FigureParts): HTMLElement {
  const caption_id = `${parts.id}-caption`;
  const holder = h('div', { class: 'drawing', role: 'img', 'aria-labelledby': caption_id });
  draw_to_width(holder, parts.draw);
  const caption = h('figcaption', { id: caption_id },
    h('b', {}, h('span', { class: 'number' }, 'Figure'), `. ${parts.title}. `), parts.caption,
    parts.source === undefined ? null : h('small', {}, ' ', parts.source));
  return h('figure', { id: parts.id }, parts.legend ?? null, holder, caption);
}

/** Numbers follow the order on the page, whatever the order in which the figures were made. */
export function number_figures(page: HTMLElement): void {
  page.querySelectorAll('figcaption .number').forEach((place, index) => { place.textContent = `Figure ${index + 1}`; });
}
