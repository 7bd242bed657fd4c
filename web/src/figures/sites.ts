// Figures about the sites: how their time was used, their inner loss per round, and the rounds that they missed.

import { axisX, axisY, barX, gridX, gridY, rect, ruleX, text } from '@observablehq/plot';
import { h } from '../dom.js';
import { figure, legend } from '../figure.js';
import { format_loss, format_seconds, format_share, join_names, unknown_text } from '../format.js';
import { site_look } from '../looks.js';
import type { Report } from '../report.js';
import { absences, round_losses, utilisation } from '../series.js';
import type { Absence, RoundLoss, Share } from '../series.js';
import { chart, end_labels, line_marks, shorten, tip_mark } from './plot.js';
import type { DrawnLine } from './plot.js';

function draw_utilisation(report: Report, shares: readonly Share[], width: number): Element {
  const narrow = width < 560;
  const sites = report.sites.map((s) => s.label);
  const measured = new Set(shares.map((s) => s.site));
  const compute = shares.filter((s) => s.part === 'compute');
  return chart(width, {
    height: 52 + sites.length * 40, marginTop: 4, marginBottom: 44, marginLeft: narrow ? 104 : 150, marginRight: narrow ? 52 : 64,
    x: { domain: [0, 1], label: null },
    y: { domain: sites, label: null, padding: 0.35 },
    marks: [
      gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }),
      axisX({ label: 'share of compute and waiting time', labelAnchor: 'center', labelArrow: 'none', ticks: 5, tickSize: 0, tickFormat: (v: number) => format_share(v) }),
      axisY({ tickSize: 0, fontWeight: '600', tickFormat: (s: string) => shorten(s, narrow ? 13 : 20) }),
      barX(compute, { x: 'share', y: 'site', fill: 'var(--compute)', title: (s: Share) => `${s.site}: computed for ${format_seconds(s.seconds)}` }),
      barX(shares.filter((s) => s.part === 'wait'), { x1: (s: Share) => 1 - s.share, x2: 1, y: 'site', fill: 'url(#hatch-wait)', stroke: 'var(--wait)', strokeWidth: 1, title: (s: Share) => `${s.site}: waited for ${format_seconds(s.seconds)}` }),
      text(compute, { x: 1, y: 'site', text: (s: Share) => format_share(s.share), textAnchor: 'start', dx: 8, fontWeight: '600', fill: 'currentColor' }),
      text(sites.filter((s) => !measured.has(s)), { x: 0, y: (s: string) => s, text: () => unknown_text, textAnchor: 'start', dx: 6, fontStyle: 'italic', fill: 'var(--soft)' }),
    ],
  });
}

function key(): HTMLElement {
  return h('ul', { class: 'legend' },
    h('li', {}, h('span', { class: 'box compute' }), 'computing'), h('li', {}, h('span', { class: 'box wait' }), 'waiting for the exchange'));
}

export function utilisation_figure(report: Report): HTMLElement | null {
  const shares = utilisation(report);
  if (shares.length === 0) return null;
  const told = shares.filter((s) => s.part === 'compute').map((s) => `${s.site} ${format_share(s.share)} of ${format_seconds(s.share > 0 ? s.seconds / s.share : s.seconds)}`);
  return figure({
    id: 'figure-utilisation',
    title: 'Compute utilisation by site',
    caption: `Share of its time in which a site computed: ${join_names(told, 20)}.`,
    legend: key(),
    draw: (width) => draw_utilisation(report, shares, width),
  });
}

function drawn_rounds(lines: readonly RoundLoss[], report: Report): DrawnLine[] {
  return lines.map((l) => ({
    label: l.site,
    look: site_look(report.sites.findIndex((s) => s.label === l.site)),
    points: l.points.map((p) => ({ x: p.round, y: p.loss })),
  }));
}

interface Mark { round: number; name: string }

function event_marks(report: Report): Mark[] {
  return report.events.flatMap((e, i) => (e.round === null ? [] : [{ round: e.round, name: String(i + 1) }]));
}

function range_of(lines: readonly DrawnLine[]): { x: [number, number]; y: [number, number] } {
  const points = lines.flatMap((l) => l.points.filter((p): p is { x: number; y: number } => p.y !== null));
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  const [low, high] = [Math.min(...ys), Math.max(...ys)];
  const pad = Math.max((high - low) * 0.06, 0.02);
  return { x: [Math.min(1, ...xs), Math.max(2, ...xs)], y: [low - pad, high + pad] };
}

function draw_rounds(lines: readonly DrawnLine[], marks: readonly Mark[], width: number): Element {
  const named = width > 620;
  const range = range_of(lines);
  const space = { width, height: 340, top: 40, bottom: 44, y: range.y, log: false };
  const write = (label: string, x: number, y: number): string => `${label}, round ${x}\n${format_loss(y)} nats per byte`;
  const grid = gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 6 });
  return chart(width, {
    height: space.height, marginTop: space.top, marginBottom: space.bottom, marginLeft: 46, marginRight: named ? 150 : 18,
    x: { domain: range.x, label: null }, y: { domain: range.y, label: null },
    marks: [
      grid,
      axisX({ label: 'round', labelAnchor: 'center', labelArrow: 'none', tickSize: 0, ticks: Math.min(8, range.x[1] - range.x[0]), tickFormat: (v: number) => (Number.isInteger(v) ? String(v) : '') }),
      axisY({ label: 'nats per byte, mean of the inner steps of a round', labelArrow: 'none', tickSize: 0, ticks: 6 }),
      ruleX(marks, { x: 'round', stroke: 'var(--soft)', strokeDasharray: '3 3' }),
      text(marks, { x: 'round', frameAnchor: 'top', dy: -14, text: 'name', fontWeight: '600', fill: 'var(--soft)' }),
      ...line_marks(lines, width < 420 ? 5 : 8),
      named ? end_labels(lines, space) : null,
      tip_mark(lines, write),
    ],
  });
}

export function rounds_figure(report: Report): HTMLElement | null {
  const lines = drawn_rounds(round_losses(report), report);
  if (lines.length === 0) return null;
  const marks = event_marks(report);
  const last = lines.map((l) => `${l.label} ${format_loss(l.points.filter((p) => p.y !== null).at(-1)?.y ?? null)}`);
  const numbers = marks.length > 0 ? ' Numbered lines mark the events listed below; a line breaks where a site took no part.' : '';
  return figure({
    id: 'figure-rounds',
    title: 'Training loss of each site, round by round',
    caption: `Each site on its own text. In its last round: ${join_names(last, 20)}.${numbers}${lines.length > 1 ? ' Languages differ in difficulty, so the lines are not a ranking.' : ''}`,
    legend: legend(lines),
    draw: (width) => draw_rounds(lines, marks, width),
  });
}

function draw_presence(report: Report, missed: readonly Absence[], width: number): Element {
  const sites = report.sites.map((s) => s.label);
  const last = report.rounds.at(-1)?.round ?? 1;
  const first = report.rounds[0]?.round ?? 1;
  const whole = sites.map((site) => ({ site, from: first, to: last }));
  return chart(width, {
    height: 44 + sites.length * 26, marginTop: 4, marginBottom: 40, marginLeft: width < 560 ? 104 : 150, marginRight: 18,
    x: { domain: [first - 0.5, last + 0.5], label: null }, y: { domain: sites, label: null, padding: 0.4, type: 'band' },
    marks: [
      axisX({ label: 'round', labelAnchor: 'center', labelArrow: 'none', tickSize: 0, ticks: Math.min(8, Math.max(1, last - first)), tickFormat: (v: number) => (Number.isInteger(v) ? String(v) : '') }),
      axisY({ tickSize: 0, fontWeight: '600', tickFormat: (s: string) => shorten(s, width < 560 ? 13 : 20) }),
      rect(whole, { x1: (a: Absence) => a.from - 0.5, x2: (a: Absence) => a.to + 0.5, y: 'site', fill: 'var(--compute)' }),
      rect(missed, { x1: (a: Absence) => a.from - 0.5, x2: (a: Absence) => a.to + 0.5, y: 'site', fill: 'var(--paper)', stroke: 'var(--compute)', strokeDasharray: '2 2' }),
    ],
  });
}

function told(absence: Absence): string {
  return `${absence.site} ${absence.from === absence.to ? `round ${absence.from}` : `rounds ${absence.from} to ${absence.to}`}`;
}

/** Only where it has something to show: a run that everybody stayed in needs one sentence, not a picture. */
export function presence_figure(report: Report): HTMLElement | null {
  const missed = absences(report);
  if (missed.length === 0) return null;
  return figure({
    id: 'figure-presence',
    title: 'Rounds that each site took part in',
    caption: `Missed: ${join_names(missed.map(told), 12)}. The run went on without them.`,
    draw: (width) => draw_presence(report, missed, width),
  });
}
