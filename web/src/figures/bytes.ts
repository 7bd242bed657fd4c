// Figures: bytes sent against data parallel, once on a logarithmic axis with the numbers, once as areas true to scale.

import { axisX, axisY, gridX, ruleX, barX, text } from '@observablehq/plot';
import { svg } from '../dom.js';
import { figure } from '../figure.js';
import { bare, format_bytes, format_factor } from '../format.js';
import type { Report } from '../report.js';
import { waffle_cells } from '../series.js';
import type { KeyFigures } from '../verdict.js';
import { chart } from './plot.js';

interface Bar { name: string; bytes: number; fill: string }

/** A logarithmic axis has no zero to start from: bars start at a power of ten, at least one below the smallest. */
function decades(bars: readonly Bar[]): [number, number] {
  const sizes = bars.map((b) => b.bytes);
  return [10 ** (Math.floor(Math.log10(Math.min(...sizes))) - 1), 10 ** Math.ceil(Math.log10(Math.max(...sizes)) + 0.01)];
}

function draw_bars(bars: readonly Bar[], width: number): Element {
  const [low, high] = decades(bars);
  const ticks = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => low * 10 ** i);
  return chart(width, {
    height: 190, marginLeft: 24, marginRight: 34, marginTop: 4, marginBottom: 48,
    x: { type: 'log', domain: [low, high], label: null },
    y: { domain: bars.map((b) => b.name), label: null, padding: 0.45 },
    marks: [
      gridX(ticks, { stroke: 'var(--grid)', strokeOpacity: 1 }),
      axisX(ticks, { label: 'bytes sent by all sites (each line is ten times the one before)', labelAnchor: 'center', labelArrow: 'none', tickSize: 0, tickFormat: (v: number) => bare(format_bytes(v)) }),
      axisY({ ticks: [], label: null }),
      barX(bars, { x1: low, x2: 'bytes', y: 'name', fill: 'fill', insetTop: 9, insetBottom: -9 }),
      text(bars, { x: low, y: 'name', text: (b: Bar) => `${b.name}: ${format_bytes(b.bytes)}`, textAnchor: 'start', dx: 6, dy: -17, fontWeight: '600', fill: 'currentColor' }),
      ruleX([low], { stroke: 'var(--ink)' }),
    ],
  });
}

function bars_of(report: Report): Bar[] {
  const { sent, data_parallel } = report.bytes;
  const bars = [{ name: 'Federated, sent', bytes: sent, fill: 'var(--federated)' }, { name: 'Data parallel, would send', bytes: data_parallel, fill: 'url(#hatch-parallel)' }];
  return bars.filter((b): b is Bar => b.bytes !== null && b.bytes > 0);
}

export function bytes_figure(report: Report, figures: KeyFigures): HTMLElement | null {
  const bars = bars_of(report);
  if (bars.length === 0) return null;
  const ratio = figures.bytes_ratio === null ? '' : ` Ratio: ${format_factor(figures.bytes_ratio)}.`;
  return figure({
    id: 'figure-bytes',
    title: 'Bytes sent',
    caption: `${bars.map((b) => `${b.name} ${format_bytes(b.bytes)}`).join('; ')}.${ratio}${report.bytes.how === '' ? '' : ` How it is counted: ${report.bytes.how}.`}`,
    draw: (width) => draw_bars(bars, width),
  });
}

function draw_cells(count: number, width: number): Element {
  const columns = Math.max(8, Math.round(Math.sqrt(count * 2.2)));
  const rows = Math.ceil(count / columns);
  const step = Math.min(width / columns, 26);
  const gap = step > 12 ? 3 : 1.5;
  const cell = (i: number): SVGElement => svg('rect', {
    x: (i % columns) * step, y: Math.floor(i / columns) * step, width: step - gap, height: step - gap, rx: 1.5, class: i === 0 ? 'cell sent' : 'cell',
  });
  const size = { width: columns * step, height: rows * step };
  return svg('svg', { ...size, viewBox: `0 0 ${size.width} ${size.height}` }, Array.from({ length: count }, (_, i) => cell(i)));
}

export function cells_figure(report: Report, figures: KeyFigures): HTMLElement | null {
  const count = waffle_cells(figures.bytes_ratio);
  if (count === null) return null;
  return figure({
    id: 'figure-cells',
    title: 'The same, true to scale',
    caption: `The one filled cell is what the sites sent (${format_bytes(report.bytes.sent)}); all ${count} cells are what data parallel would have sent (${format_bytes(report.bytes.data_parallel)}).`,
    draw: (width) => draw_cells(count, width),
  });
}
