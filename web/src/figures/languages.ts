// Figure: final held-out loss of each model on each language.

import { axisX, axisY, dot, gridX, pointer, ruleY, tip } from '@observablehq/plot';
import { figure, legend } from '../figure.js';
import { format_loss } from '../format.js';
import { model_look } from '../looks.js';
import type { Kind, Report } from '../report.js';
import { loss_dots, mean_row } from '../series.js';
import type { LossDot } from '../series.js';
import { chart, shorten, symbol_paint } from './plot.js';

function row_range(dots: readonly LossDot[], rows: readonly string[]): { row: string; low: number; high: number }[] {
  return rows.map((row) => {
    const losses = dots.filter((d) => d.row === row).map((d) => d.loss);
    return { row, low: Math.min(...losses), high: Math.max(...losses) };
  });
}

function models(dots: readonly LossDot[]): { model: string; kind: Kind }[] {
  return [...new Map(dots.map((d) => [d.model, { model: d.model, kind: d.kind }])).values()];
}

function draw(dots: readonly LossDot[], report: Report, width: number): Element {
  const rows = [...new Set(dots.map((d) => d.row))];
  const narrow = width < 560;
  const drawn = models(dots).reverse().map(({ model, kind }) => {
    const look = model_look(model, kind, report);
    const size = kind === 'federated' ? 7.5 : 5.5;
    return dot(dots.filter((d) => d.model === model), { x: 'loss', y: 'row', r: size, ...symbol_paint(look) });
  });
  return chart(width, {
    height: 56 + rows.length * (narrow ? 40 : 44), marginTop: 8, marginBottom: 44, marginLeft: narrow ? 92 : 150, marginRight: 24,
    x: { label: null, nice: true, inset: 10 },
    y: { domain: rows, label: null, padding: 0.4 },
    marks: [
      gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: narrow ? 4 : 8 }),
      axisX({ label: 'nats per byte on held-out text (lower is better)', labelAnchor: 'center', labelArrow: 'none', ticks: narrow ? 4 : 8, tickSize: 0 }),
      axisY({ tickSize: 0, tickFormat: (row: string) => (row === mean_row && narrow ? 'Mean' : shorten(row, narrow ? 12 : 20)), fontWeight: '600' }),
      ruleY(row_range(dots, rows), { y: 'row', x1: 'low', x2: 'high', stroke: 'var(--rule)', strokeWidth: 1.5 }),
      ...drawn,
      tip(dots, pointer({ x: 'loss', y: 'row', title: (d: LossDot) => `${d.model}\n${d.row}: ${format_loss(d.loss)} nats per byte`, fill: 'var(--paper)', stroke: 'var(--rule)' })),
    ],
  });
}

function best_of(dots: readonly LossDot[], row: string): string {
  const best = dots.filter((d) => d.row === row).reduce((a, b) => (b.loss < a.loss ? b : a));
  return `${row}: ${best.model} (${format_loss(best.loss)})`;
}

export function languages_figure(report: Report): HTMLElement | null {
  const dots = loss_dots(report);
  if (dots.length === 0) return null;
  const rows = [...new Set(dots.map((d) => d.row))];
  return figure({
    id: 'figure-languages',
    title: 'Final held-out loss by language and model',
    caption: `Lowest in each row: ${rows.map((row) => best_of(dots, row)).join('; ')}. The axis does not start at zero.`,
    legend: legend(models(dots).map(({ model, kind }) => ({ label: model, look: model_look(model, kind, report) })), 'symbol'),
    draw: (width) => draw(dots, report, width),
  });
}
