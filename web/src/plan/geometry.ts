// Numbers to places in a drawing: circles that do not cover each other, ticks, the part of time that a chart shows.

import type { PlanDocument, Swing } from './document.js';
import { day_number } from './write.js';

export interface Circle { x: number; y: number; r: number }

/**
 * Moves circles apart until they overlap no more than a little, each as near to its own place as that allows. Same input, same
 * result. Circles of one place start a hair beside it, each in a direction of its own: pushed along one line, they would stay on it.
 */
export function apart<T extends Circle>(circles: readonly T[], rounds = 200, gap = 1): T[] {
  const moved = circles.map((c, i) => ({ ...c, x: c.x + 0.02 * Math.cos(i * 2.4), y: c.y + 0.02 * Math.sin(i * 2.4) }));
  for (let round = 0; round < rounds; round += 1) {
    const home = 0.06 * (1 - round / rounds) ** 2;
    moved.forEach((c, i) => {
      c.x += ((circles[i]?.x ?? c.x) - c.x) * home;
      c.y += ((circles[i]?.y ?? c.y) - c.y) * home;
    });
    moved.forEach((a, i) => moved.slice(i + 1).forEach((b) => push(a, b, gap)));
  }
  return moved;
}

/** The smaller one gives way more. */
function push(a: Circle, b: Circle, gap: number): void {
  const wanted = a.r + b.r + gap;
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const distance = Math.max(Math.hypot(dx, dy), 1e-9);
  if (distance >= wanted) return;
  const step = ((wanted - distance) * 0.5) / distance;
  const share = (b.r * b.r) / (a.r * a.r + b.r * b.r);
  a.x -= dx * step * share;
  a.y -= dy * step * share;
  b.x += dx * step * (1 - share);
  b.y += dy * step * (1 - share);
}

/** Round numbers from `low` to `high`, about `count` of them. */
export function ticks(low: number, high: number, count: number): number[] {
  const raw = (high - low) / Math.max(count, 1);
  if (!(raw > 0) || !Number.isFinite(raw)) return [low];
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * ([1, 2, 5, 10].find((m) => m * unit >= raw * 0.999) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** First days of years or, over less than three years, of quarters or months. */
export function date_ticks(from: string, to: string, count: number): string[] {
  const months = Math.max(1, (day_number(to) - day_number(from)) / 30.44 / Math.max(count, 1));
  const step = [1, 2, 3, 6, 12, 24, 60, 120].find((m) => m >= months * 0.9) ?? 240;
  const found: string[] = [];
  const start = Number(from.slice(0, 4)) * 12;
  for (let month = start - (start % step); month < start + 12 * 400; month += step) {
    const iso = `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, '0')}-01`;
    if (iso > to) break;
    if (iso >= from) found.push(iso);
  }
  return found;
}

/** Where on the line from low to high a value lies, in per cent, kept inside. */
export function percent(value: number, low: number, high: number): number {
  if (!(high > low)) return 0;
  return Math.max(0, Math.min(100, ((value - low) / (high - low)) * 100));
}

function iso_of(day: number): string {
  return new Date(Math.round(day) * 86_400_000).toISOString().slice(0, 10);
}

/** Shows the time until a little after the latest date of interest; the whole horizon when there is none. */
export function shown_until(plan: PlanDocument, dates: readonly (string | null)[]): string {
  const known = dates.filter((d): d is string => d !== null).map(day_number);
  if (known.length === 0) return plan.horizon.slice(0, 10);
  const start = day_number(plan.from);
  const end = start + (Math.max(...known) - start) * 1.22 + 7;
  return iso_of(Math.min(end, day_number(plan.horizon)));
}

/** The points of a line up to a day, the last one on that day. */
export function until<T extends { date: string }>(points: readonly T[], day: string, keys: readonly (keyof T)[]): T[] {
  const end = day_number(day);
  const inside = points.filter((p) => day_number(p.date) <= end);
  const next = points.find((p) => day_number(p.date) > end);
  const last = inside.at(-1);
  if (next === undefined || last === undefined || last.date.slice(0, 10) === day) return inside;
  const t = (end - day_number(last.date)) / (day_number(next.date) - day_number(last.date));
  const cut = { ...next, date: day };
  for (const key of keys) Object.assign(cut, { [key]: Number(last[key]) + (Number(next[key]) - Number(last[key])) * t });
  return [...inside, cut];
}

/** The spread of a row; a day that lies beyond the horizon counts as the end of the axis. */
export function swing_size(swing: Swing): number {
  const { days_at_low: low, days_at_high: high } = swing;
  return low === null || high === null ? (low === high ? -1 : Infinity) : Math.abs(high - low);
}
