// Plans for the tests: the fixtures, and the smallest document that is complete, to vary.

import { read_plan } from '../src/plan/document.js';
import type { PlanDocument, Reading } from '../src/plan/document.js';
import { web_file } from './fixture.js';

export function plan_fixture(name: string): PlanDocument {
  return read_plan(web_file(`fixtures/plan-${name}.json`)).plan;
}

const totals = { eur: 2e6, eur_low: 1e6, eur_high: 3e6, mwh: 5, mwh_low: 4, mwh_high: 6, tco2e: 1, tco2e_low: 1, tco2e_high: 2, accelerator_hours: 9 };

export const smallest: Readonly<Record<string, unknown>> = {
  format: 'euromesh-plan/1', version: 'test', made: '2026-11-21T09:00:00Z', scenario: { name: 'S', about: '', file: 's.toml' },
  target: { name: 'T', flop: 4e25, parameters: null, tokens: null }, share: 0.1, from: '2026-12-01', horizon: '2031-12-01',
  answer: { date: '2027-07-01', days: 212, central_date: '2027-06-05', central_days: 186, p05: null, p10: '2027-04-25', p50: '2027-07-01', p90: '2027-10-10', p95: null, probability_by: [{ date: '2027-06-01', probability: 0.4 }, { date: '2027-06-11', probability: 0.5 }], scenarios: 1000, never: 0.02 },
  binding: { constraint: '', text: '', gains: [] }, sites: [], curve: [], steps: [], tornado: [], cost: [], totals, countries: [], figures: [],
};

export function reading_of(fields: Readonly<Record<string, unknown>>): Reading {
  return read_plan(JSON.stringify({ ...smallest, ...fields }));
}

export function plan_of(fields: Readonly<Record<string, unknown>>): PlanDocument {
  return reading_of(fields).plan;
}
