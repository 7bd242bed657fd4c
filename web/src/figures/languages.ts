// Figure: final held-out loss of each model on each language.

import { axisX, axisY, dot, gridX, pointer, ruleY, tickX, tip } from '@observablehq/plot';
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

const crowd = 5;

/** With many sites the losses of their models on foreign languages coincide: they become ticks, the own language keeps its symbol. */
function is_tick(dot: LossDot, alone: number): boolean {
  return alone > crowd && dot.kind === 'alone' && !dot.own;
}

function loss_range(dots: readonly LossDot[]): [number, number] {
  const losses = dots.map((d) => d.loss);
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Models with nearly equal loss would hide each other: those of single sites stand a little above or below the line of the row. */
function shift(position: number, count: number): number {
  return position < 0 || count < 2 ? 0 : (position / (count - 1) - 0.5) * 20;
}

/** The cross of data parallel is drawn last: it stays legible on top of a disc, a disc would hide it. */
function by_visibility<T extends { kind: Kind }>(items: readonly T[]): T[] {
  const depth: Readonly<Record<Kind, number>> = { other: 0, alone: 1, federated: 2, data_parallel: 3 };
  return [...items].sort((a, b) => depth[a.kind] - depth[b.kind]);
}

function draw(dots: readonly LossDot[], report: Report, width: number): Element {
  const rows = [...new Set(dots.map((d) => d.row))];
  const narrow = width < 560;
  const alone = models(dots).filter((m) => m.kind !== 'federated' && m.kind !== 'data_parallel').map((m) => m.model);
  const drawn = by_visibility(models(dots)).map(({ model, kind }) => {
    const look = model_look(model, kind, report);
    const size = kind === 'federated' ? 7.5 : 5.5;
    const own = dots.filter((d) => d.model === model && !is_tick(d, alone.length));
    return dot(own, { x: 'loss', y: 'row', r: size, dy: alone.length > crowd ? 0 : shift(alone.indexOf(model), alone.length), ...symbol_paint(look) });
  });
  return chart(width, {
    height: 56 + rows.length * (narrow ? 40 : 44), marginTop: 8, marginBottom: 44, marginLeft: narrow ? 92 : 150, marginRight: 24,
    x: { domain: loss_range(dots), label: null, nice: true, inset: 10 },
    y: { domain: rows, label: null, padding: 0.4 },
    marks: [
      gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: narrow ? 4 : 8 }),
      axisX({ label: 'nats per byte on held-out text (lower is better)', labelAnchor: 'center', labelArrow: 'none', ticks: narrow ? 4 : 8, tickSize: 0 }),
      axisY({ tickSize: 0, tickFormat: (row: string) => (row === mean_row && narrow ? 'Mean' : shorten(row, narrow ? 12 : 20)), fontWeight: '600' }),
      ruleY(row_range(dots, rows), { y: 'row', x1: 'low', x2: 'high', stroke: 'var(--rule)', strokeWidth: 1.5 }),
      tickX(dots.filter((d) => is_tick(d, alone.length)), { x: 'loss', y: 'row', stroke: 'var(--soft)', strokeWidth: 1.2 }),
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
  const ticks = dots.some((d) => is_tick(d, models(dots).filter((m) => m.kind === 'alone').length)) ? 'Grey ticks: models of single sites on languages that they were not trained on, and their means. ' : '';
  return figure({
    id: 'figure-languages',
    title: 'Final held-out loss by language and model',
    caption: `${ticks}Lowest in each row: ${rows.map((row) => best_of(dots, row)).join('; ')}. The axis does not start at zero.`,
    legend: legend(models(dots).map(({ model, kind }) => ({ label: model, look: model_look(model, kind, report) })), 'symbol'),
    draw: (width) => draw(dots, report, width),
  });
}
