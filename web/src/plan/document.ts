// The data of a plan (euromesh-plan/1), as the program writes them: docs/plan-report.md says what each field means.
// Nothing of it is trusted. A wrong or missing field that the page cannot do without is an error in one line; a wrong entry
// of a list is left out, and the page says so.

import { Problem, day, flag, fraction, is_day, list, maybe, number, one_of, optional, record, text, triple } from './read.js';
import type { Read } from './read.js';

export type Grade = 'A' | 'B' | 'C';
export type Day = string; // ISO, 2027-03-12
export type Maybe = number | null;

export interface CurvePoint { date: Day; flop: number; p10: number; p90: number }

export interface Answer {
  date: Day | null;
  days: Maybe;
  /** With every input at its most likely value. */
  central_date?: Day | null;
  central_days?: Maybe;
  p05: Day | null;
  p10: Day | null;
  p50: Day | null;
  p90: Day | null;
  p95: Day | null;
  probability_by: { date: Day; probability: number }[];
  scenarios: number;
  never: number;
}

export interface Site {
  id: string;
  name: string;
  place: string;
  country: string;
  lat: Maybe;
  lon: Maybe;
  status: string;
  online: string | null;
  retire: string | null;
  accelerator: string;
  count: Maybe;
  peak_pflops: Maybe;
  used_pflops: Maybe;
  share_of_flop: Maybe;
  used: boolean;
  why_not?: string;
  figure: string;
  grade: Grade;
}

/** Null days: not within the horizon; null change: from or to such days. */
export interface Step { label: string; days: Maybe; change: Maybe; why: string; figure?: string }

/** Null days: the target is reached with this change only. */
export interface Gain { label: string; days: Maybe }

export interface Swing {
  input: string;
  label: string;
  unit: string;
  low: number;
  high: number;
  days_at_low: Maybe;
  days_at_high: Maybe;
  figure: string;
}

export interface Sobol { label: string; first: [number, number, number]; total: [number, number, number] }
export interface CostPart { label: string; eur: number; low: number; high: number; figure: string }

export interface Totals {
  eur: Maybe;
  eur_low: Maybe;
  eur_high: Maybe;
  mwh: Maybe;
  mwh_low: Maybe;
  mwh_high: Maybe;
  tco2e: Maybe;
  tco2e_low: Maybe;
  tco2e_high: Maybe;
  accelerator_hours: Maybe;
  m3_water?: number;
}

export interface Country { country: string; name: string; flop_share: number; mwh: Maybe; tco2e: Maybe; eur: Maybe }
export interface Rung { flop: number; label: string; date: Day | null }

export interface Figure {
  id: string;
  label: string;
  value: number;
  unit: string;
  low?: number;
  high?: number;
  formula?: string;
  inputs?: string[];
  source?: string;
  source_url?: string;
  as_of?: string;
  grade: Grade;
  note?: string;
}

export interface Rival { date: Day | null; gap_days: Maybe }

export interface Compare {
  name: string;
  date: Day | null;
  p10: Day | null;
  p50: Day | null;
  p90: Day | null;
  probability_before: Maybe;
  gap_days: Maybe;
  curve: CurvePoint[];
  equal_power?: Rival;
  equal_money?: Rival;
}

export interface PlanDocument {
  format: typeof plan_format;
  version: string;
  made: string;
  scenario: { name: string; about: string; file: string };
  target: { name: string; flop: number; parameters: Maybe; tokens: Maybe };
  share: number;
  from: Day;
  horizon: Day;
  answer: Answer;
  binding: { constraint: string; text: string; gains: Gain[] };
  sites: Site[];
  curve: CurvePoint[];
  steps: Step[];
  tornado: Swing[];
  sobol?: Sobol[];
  cost: CostPart[];
  totals: Totals;
  countries: Country[];
  ladder?: Rung[];
  figures: Figure[];
  compare?: Compare;
  /** What else can be said about how the numbers were made. */
  seed?: number;
  command?: string;
  limits?: string[];
  /** Place on the page ("answer.days", "totals.eur") to the id of the figure behind it, where the two differ. */
  links?: ReadonlyMap<string, string>;
}

export const plan_format = 'euromesh-plan/1';

const grade = one_of<Grade>('A', 'B', 'C');
const curve = list(record<CurvePoint>({ date: day, flop: number, p10: number, p90: number }));
const rival = record<Rival>({ date: maybe(day), gap_days: maybe(number) });

const answer = record<Answer>({
  date: maybe(day), days: maybe(number), central_date: optional(maybe(day)), central_days: optional(maybe(number)), p05: maybe(day), p10: maybe(day), p50: maybe(day), p90: maybe(day), p95: maybe(day),
  probability_by: list(record({ date: day, probability: fraction })), scenarios: number, never: fraction,
});

const site = record<Site>({
  id: text, name: text, place: text, country: text, lat: maybe(number), lon: maybe(number), status: text, online: maybe(text), retire: maybe(text),
  accelerator: text, count: maybe(number), peak_pflops: maybe(number), used_pflops: maybe(number), share_of_flop: maybe(number),
  used: flag, why_not: optional(text), figure: text, grade,
});

const totals = record<Totals>({
  eur: maybe(number), eur_low: maybe(number), eur_high: maybe(number), mwh: maybe(number), mwh_low: maybe(number), mwh_high: maybe(number),
  tco2e: maybe(number), tco2e_low: maybe(number), tco2e_high: maybe(number), accelerator_hours: maybe(number), m3_water: optional(number),
});

const figure = record<Figure>({
  id: text, label: text, value: number, unit: text, low: optional(number), high: optional(number), formula: optional(text),
  inputs: optional(list(text)), source: optional(text), source_url: optional(text), as_of: optional(text), grade, note: optional(text),
});

const compare = record<Compare>({
  name: text, date: maybe(day), p10: maybe(day), p50: maybe(day), p90: maybe(day), probability_before: maybe(fraction), gap_days: maybe(number),
  curve, equal_power: optional(rival), equal_money: optional(rival),
});

/** An object in the file, a Map here: a place may be called `__proto__`. */
const links: Read<ReadonlyMap<string, string>> = (value) => {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return new Map(entries.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
};

const plan = record<PlanDocument>({
  format: one_of(plan_format), version: text, made: text,
  scenario: record({ name: text, about: text, file: text }),
  target: record({ name: text, flop: number, parameters: maybe(number), tokens: maybe(number) }),
  share: fraction, from: day, horizon: day, answer,
  binding: record({ constraint: text, text, gains: list(record<Gain>({ label: text, days: maybe(number) })) }),
  sites: list(site), curve,
  steps: list(record<Step>({ label: text, days: maybe(number), change: maybe(number), why: text, figure: optional(text) })),
  tornado: list(record<Swing>({ input: text, label: text, unit: text, low: number, high: number, days_at_low: maybe(number), days_at_high: maybe(number), figure: text })),
  sobol: optional(list(record<Sobol>({ label: text, first: triple, total: triple }))),
  cost: list(record<CostPart>({ label: text, eur: number, low: number, high: number, figure: text })),
  totals,
  countries: list(record<Country>({ country: text, name: text, flop_share: number, mwh: maybe(number), tco2e: maybe(number), eur: maybe(number) })),
  ladder: optional(list(record<Rung>({ flop: number, label: text, date: maybe(day) }))),
  figures: list(figure), compare: optional(compare),
  seed: optional(number), command: optional(text), limits: optional(list(text)), links: optional(links),
});

export interface Reading { plan: PlanDocument; problems: readonly string[] }

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Problem('This file holds no data: the text of #report-data is not JSON. Plans are written by `euromesh plan run --report FILE`.');
  }
}

/** Throws a Problem with one line that says what is wrong and what would be right. */
export function read_plan(json: string): Reading {
  const problems: string[] = [];
  const value = parse(json);
  const read = plan(value, '', problems);
  if (read.horizon <= read.from) throw new Problem(`horizon is "${read.horizon}"; it should be after from, "${read.from}".`);
  if (!(read.target.flop > 0)) throw new Problem(`target.flop is ${read.target.flop}; it should be above zero.`);
  return { plan: read, problems };
}

export { Problem, is_day };
