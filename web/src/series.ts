// Data for the figures: pure functions from the report to rows, ranges and label positions.

import { unknown_text } from './format.js';
import { owner } from './looks.js';
import type { Curve, Kind, Maybe, Report, Result, Site } from './report.js';

const order: readonly Kind[] = ['federated', 'data_parallel', 'alone', 'other'];

/** Federated first, then data parallel, then the others as they came. */
export function in_order<T extends { kind: Kind }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Languages of the run, in the order of the sites, then any that only the results name. */
export function languages(report: Report): string[] {
  const names = new Set(report.sites.map((s) => s.language).filter((name) => name !== ''));
  for (const result of report.results) for (const name of result.loss.keys()) names.add(name);
  return [...names];
}

export const mean_row = 'Mean of languages';

export interface LossDot { row: string; model: string; kind: Kind; loss: number; own: boolean }

export function loss_dots(report: Report): LossDot[] {
  const rows = languages(report);
  const own = (label: string): string | null => report.sites[owner(label, report.sites)]?.language ?? null;
  const dots: LossDot[] = [];
  for (const result of in_order(report.results)) {
    const add = (row: string, loss: Maybe | undefined): void => {
      if (loss !== null && loss !== undefined) dots.push({ row, model: result.label, kind: result.kind, loss, own: row === own(result.label) });
    };
    add(mean_row, result.mean);
    if (rows.length > 1) rows.forEach((row) => add(row, result.loss.get(row)));
  }
  return dots;
}

export interface CurvePoint { tokens: number; loss: number }
export interface Line { label: string; kind: Kind; points: readonly CurvePoint[] }

export function curve_lines(curves: readonly Curve[], language: string | null = null): Line[] {
  return in_order(curves)
    .map(({ label, kind, points }) => ({
      label,
      kind,
      points: points
        .map((p) => ({ tokens: p.tokens, loss: language === null ? p.mean : p.loss.get(language) ?? null }))
        .filter((p): p is CurvePoint => p.loss !== null),
    }))
    .filter((line) => line.points.length > 0);
}

/** The end of the run, enlarged: the last `share` of the longest line, and the lines near the lowest one. */
export function closing_window(lines: readonly Line[], share: number): { x: [number, number]; y: [number, number] } | null {
  const last = Math.max(...lines.flatMap((l) => l.points.map((p) => p.tokens)));
  const from = last * (1 - share);
  const main = lines.filter((l) => l.kind !== 'alone');
  const losses = (main.length > 0 ? main : lines).flatMap((l) => l.points.filter((p) => p.tokens >= from).map((p) => p.loss));
  if (losses.length < 4 || !Number.isFinite(last)) return null;
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const pad = Math.max((high - low) * 0.12, low * 0.004);
  return { x: [from, last], y: [low - pad, high + pad] };
}

/** At most `count` items, evenly spaced: places for symbols on a line. Lines of differing `phase` (0 to 1) get differing places. */
export function thinned<T>(items: readonly T[], count: number, phase = 0): T[] {
  if (items.length <= count) return [...items];
  const step = items.length / count;
  return Array.from({ length: count }, (_, i) => items[Math.floor((i + phase) * step)]).filter((x): x is T => x !== undefined);
}

/** Moves label positions apart to at least `gap`, staying as near as possible to where they want to be. Keeps their order. */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const sorted = wanted.map((at, index) => ({ at, index })).sort((a, b) => a.at - b.at || a.index - b.index);
  let previous = low - gap;
  for (const item of sorted) previous = item.at = Math.max(item.at, previous + gap);
  let next = high + gap;
  for (const item of sorted.reverse()) next = item.at = Math.min(item.at, next - gap);
  const result = new Array<number>(wanted.length).fill(0);
  for (const item of sorted) result[item.index] = item.at;
  return result;
}

export interface Share { site: string; part: 'compute' | 'wait'; share: number; seconds: number }

function known_utilisation(site: Site): Share[] {
  const total = (site.compute_s ?? 0) + (site.wait_s ?? 0);
  if (site.compute_s === null || site.wait_s === null || total <= 0) return [];
  return [
    { site: site.label, part: 'compute', share: site.compute_s / total, seconds: site.compute_s },
    { site: site.label, part: 'wait', share: site.wait_s / total, seconds: site.wait_s },
  ];
}

export function utilisation(report: Report): Share[] {
  return report.sites.flatMap(known_utilisation);
}

export interface RoundLoss { site: string; points: readonly { round: number; loss: number | null }[] }

/** One line per site; null where the site took no part, so that the line breaks there. */
export function round_losses(report: Report): RoundLoss[] {
  return report.sites
    .map((site) => ({
      site: site.label,
      points: report.rounds.map((r) => ({ round: r.round, loss: r.loss.get(site.name) ?? null })),
    }))
    .filter((line) => line.points.some((p) => p.loss !== null));
}

export interface Absence { site: string; from: number; to: number }

/** Stretches of rounds that a site took no part in, from the first round of the run. */
export function absences(report: Report): Absence[] {
  const found: Absence[] = [];
  for (const site of report.sites) {
    let open: Absence | null = null;
    for (const { round, members } of report.rounds) {
      if (members.includes(site.name)) open = null;
      else if (open === null) found.push((open = { site: site.label, from: round, to: round }));
      else open.to = round;
    }
  }
  return found;
}

/** Cells of the picture of bytes: one is what was sent, all together what data parallel would have sent. */
export function waffle_cells(ratio: Maybe, most = 600): number | null {
  if (ratio === null || ratio < 2 || ratio > most) return null;
  return Math.round(ratio);
}

export interface ResultRow { label: string; kind: Kind; mean: Maybe; change: Maybe; losses: readonly Maybe[]; best: readonly boolean[] }

function column_best(results: readonly Result[], pick: (r: Result) => Maybe): number {
  return Math.min(...results.map(pick).filter((v): v is number => v !== null));
}

/** Rows of the table of results; `best` marks the lowest of each column (mean first). */
export function result_rows(report: Report): ResultRow[] {
  const rows = in_order(report.results);
  const names = languages(report);
  const parallel = rows.find((r) => r.kind === 'data_parallel')?.mean ?? null;
  const picks = [(r: Result): Maybe => r.mean, ...names.map((n) => (r: Result): Maybe => r.loss.get(n) ?? null)];
  const bests = picks.map((pick) => column_best(rows, pick));
  return rows.map((r) => ({
    label: r.label || unknown_text,
    kind: r.kind,
    mean: r.mean,
    change: r.mean === null || parallel === null || parallel <= 0 ? null : r.mean / parallel - 1,
    losses: names.map((n) => r.loss.get(n) ?? null),
    best: picks.map((pick, i) => pick(r) === bests[i]),
  }));
}
