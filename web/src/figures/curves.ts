// Figure: held-out loss over tokens; the whole run, and its end enlarged.

import { axisX, axisY, gridX, gridY } from '@observablehq/plot';
import { h } from '../dom.js';
import { figure, legend } from '../figure.js';
import { bare, format_loss, format_short } from '../format.js';
import { model_look } from '../looks.js';
import type { Report } from '../report.js';
import { closing_window, curve_lines } from '../series.js';
import type { Line } from '../series.js';
import { chart, end_labels, line_marks, tip_mark } from './plot.js';
import type { DrawnLine } from './plot.js';

const closing_share = 0.4;
const side_by_side_from = 760;

function drawn(lines: readonly Line[], report: Report): DrawnLine[] {
  return lines.map(({ label, kind, points }) => ({ label, look: model_look(label, kind, report), points: points.map((p) => ({ x: p.tokens, y: p.loss })) }));
}

interface Panel { width: number; title: string; x: [number, number]; y: [number, number]; log: boolean; names: boolean; clip: boolean }

function panel(lines: readonly DrawnLine[], p: Panel): Element {
  const space = { width: p.width, height: 360, top: 34, bottom: 44, y: p.y, log: p.log };
  const write = (label: string, x: number, y: number): string => `${label}\n${format_loss(y)} nats per byte\nafter ${format_short(x)} tokens`;
  const right = p.names ? 150 : 18;
  return chart(p.width, {
    height: space.height, marginTop: space.top, marginBottom: space.bottom, marginLeft: 46, marginRight: right,
    x: { domain: p.x, insetRight: 6, label: null, ticks: 5 },
    y: { domain: p.y, type: p.log ? 'log' : 'linear', label: null },
    marks: [
      gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: p.log ? 6 : 5 }), gridX({ stroke: 'var(--grid)', strokeOpacity: 0.6, ticks: 5 }),
      axisX({ label: 'tokens seen by the model →', labelAnchor: 'center', labelArrow: 'none', ticks: p.width < 420 ? 4 : 5, tickFormat: (v: number) => bare(format_short(v)), tickSize: 0 }),
      axisY({ label: p.title, labelArrow: 'none', tickSize: 0, ...(p.log ? { ticks: 6, tickFormat: (v: number) => String(+v.toFixed(2)) } : { ticks: 5 }) }),
      ...line_marks(lines, p.width < 420 ? 5 : 7, p.clip),
      p.names ? end_labels(lines, space) : null,
      tip_mark(lines.map((l) => ({ ...l, points: l.points.filter((q) => q.y !== null && q.x >= p.x[0] && q.y <= p.y[1]) })), write),
    ],
  });
}

function whole_range(lines: readonly Line[]): { x: [number, number]; y: [number, number] } {
  const points = lines.flatMap((l) => l.points);
  const losses = points.map((p) => p.loss);
  return { x: [0, Math.max(...points.map((p) => p.tokens))], y: [Math.min(...losses) * 0.95, Math.max(...losses) * 1.04] };
}

function draw(lines: readonly Line[], report: Report, width: number): HTMLElement {
  const all = drawn(lines, report);
  const closing = closing_window(lines, closing_share);
  const two = width >= side_by_side_from && closing !== null;
  const left_width = two ? Math.round((width - 24) * 0.5) : width;
  const range = whole_range(lines);
  const log = range.y[0] > 0;
  const first = panel(all, { width: left_width, title: 'nats per byte, whole run (logarithmic)', ...range, log, names: !two && width > 620, clip: false });
  if (closing === null) return h('div', {}, first);
  const inside = all.filter((l) => l.points.some((p) => p.x >= closing.x[0] && p.y !== null && p.y <= closing.y[1]));
  const second = panel(inside, { width: two ? width - 24 - left_width : width, title: `nats per byte, last ${closing_share * 100} % of the tokens, enlarged`, ...closing, log: false, names: width > 620, clip: true });
  return h('div', { class: two ? 'panels' : 'stack' }, first, second);
}

function ending(line: Line): string {
  return `${line.label} ${format_loss(line.points.at(-1)?.loss ?? null)}`;
}

export function curves_figure(report: Report): HTMLElement | null {
  const lines = curve_lines(report.curves);
  if (lines.length === 0) return null;
  return figure({
    id: 'figure-curves',
    title: 'Mean held-out loss while training',
    caption: `Where the curves end: ${lines.map(ending).join('; ')} nats per byte. Lower is better. The federated curve is the outer parameters, not the replica of a site.`,
    legend: legend(lines.map((l) => ({ label: l.label, look: model_look(l.label, l.kind, report) }))),
    draw: (width) => draw(lines, report, width),
  });
}
