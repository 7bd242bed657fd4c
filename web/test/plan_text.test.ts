import assert from 'node:assert/strict';
import { test } from 'node:test';
import { band_text, compare_text, gap_text, headline, kind_of, sites_text, verdict } from '../src/plan/answer.js';
import type { Site } from '../src/plan/document.js';
import { figure_address, figure_in } from '../src/plan/traced.js';
import * as write from '../src/plan/write.js';
import { plain } from '../src/verdict.js';
import { plan_fixture, plan_of } from './plan_fixture.js';

/** Narrow and no-break spaces as spaces. */
function loose(text: string): string {
  return text.replace(/[\u202f\u00a0]/g, ' ');
}

test('days are written in words, whatever part of them is known', () => {
  assert.deepEqual(['2027-03-12', '2027-03', '2027', '2027-03-12T09:00:00Z', 'soon', '2027-13-01'].map((d) => loose(write.write_day(d))), ['12 March 2027', 'March 2027', '2027', '12 March 2027', 'soon', '2027-13-01']);
  assert.equal(write.write_day(null), 'not known');
  assert.equal(write.days_between('2026-12-01', '2027-06-05'), 186);
});

test('quantities get the unit that leaves few digits', () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [3.8e25, 'FLOP', '3.80 × 10²⁵ FLOP'], [9.999e24, 'FLOP', '1.00 × 10²⁵ FLOP'], [7.09e19, 'FLOP/s', '70.9 EF'], [9.89e14, 'FLOP/s', '989 TF'], [485, 'PFLOPS', '485 PF'],
    [23300, 'PFLOPS', '23.3 EF'], [55012, 'MWh', '55.0 GWh'], [877, 'MWh', '877 MWh'], [0, 'MWh', '0 kWh'], [12240, 'tCO2e', '12.2 kt CO₂e'], [7.26e7, 'EUR', '72.6 million EUR'],
    [999_900, 'EUR', '1.00 million EUR'], [186.4, 'days', '186 days'], [0.7, 'days', '0.7 days'], [1, 'days', '1 day'], [0.31, '1', '0.31'], [1.56e13, '1', '15.6 trillion'], [11912, '1', '11,912'],
    [0.851, 'EUR/USD', '0.851 EUR/USD'], [96, 'GiB', '96 GiB'], [2.5, '%', '2.5 %'], [-3, 'h', '−3 h'], [1e-5, '1', '1.00 × 10⁻⁵'], [1e30, 'EUR', '1.00 × 10²¹ billion EUR'], [1e12, 'days', '1.00 × 10¹² days'],
  ];
  for (const [value, unit, text] of cases) assert.equal(loose(write.write_quantity(value, unit)), text);
  assert.equal(loose(write.write_quantity(5, 'constructor')), '5 constructor');
});

test('ranges, changes and chances', () => {
  assert.equal(loose(write.write_range(5.08e7, 1.09e8, write.write_eur)), '50.8 to 109 million EUR');
  assert.equal(loose(write.write_range(9e5, 1.09e6, write.write_eur)), '900 thousand EUR to 1.09 million EUR');
  assert.equal(write.write_range(null, 3, write.write_eur), '');
  assert.deepEqual([12.4, -33, 0, 0.04].map((v) => loose(write.write_change(v))), ['+12 days', '−33 days', '0 days', '+0 days']);
  assert.deepEqual([0, 0.0004, 0.05, 0.34, 0.973, 0.9996, 1].map((v) => loose(write.write_chance(v))), ['0 %', 'less than 0.1 %', '5 %', '34 %', '97.3 %', 'more than 99.9 %', '100 %']);
  assert.deepEqual([0.1, 0.025, 0.004, 0].map((v) => loose(write.write_share(v))), ['10 %', '2.5 %', '0.4 %', '0 %']);
});

test('the verdict gives date, band and probability', () => {
  const plan = plan_of({});
  assert.equal(loose(headline(plan)), '1 July 2027');
  assert.equal(loose(plain(verdict(plan))), 'The median is 212 days with 10 % of each machine, from 1 December 2026 on; eight of ten scenarios end between 25 April 2027 and 10 October 2027. '
    + 'With every input at its most likely value it would be 5 June 2027; more can go wrong than right. The chance that the target is reached at all by 1 December 2031 is 98 %.');
});

test('a target that is not reached is said to be so, and how far it gets', () => {
  const plan = plan_fixture('never');
  assert.equal(loose(headline(plan)), 'Not reached by 1 December 2031');
  assert.match(loose(plain(verdict(plan))), /not reached within the horizon.*by 1 December 2031 it has done 3\.\d+ × 10²⁶ FLOP, 1\.8 % of the target\. .*is 0 %\.$/);
});

test('ends of the band that lie beyond the horizon', () => {
  assert.equal(loose(band_text({ p10: '2027-01-02', p90: null }, '2031-12-01')), 'one in ten scenarios ends by 2 January 2027, and more than one in ten not by 1 December 2031');
  assert.equal(loose(band_text({ p10: null, p90: null }, '2031-12-01')), 'nine of ten scenarios do not end by 1 December 2031');
});

test('systems are used, coming or left', () => {
  const site = (used: boolean, online: string | null): Site => ({ used, online }) as Site;
  const kinds = [[true, null], [true, '2022-06'], [true, '2026-12'], [true, '2026-12-01'], [true, '2026-12-02'], [true, '2027'], [false, '2027']] as const;
  assert.deepEqual(kinds.map(([used, online]) => kind_of(site(used, online), '2026-12-01')), ['used', 'used', 'coming', 'used', 'coming', 'coming', 'left']);
  assert.match(sites_text(plan_fixture('compare')), /^\w+ systems used from the first day, \w+ more once they are online, four are not used\. The largest that are used: /);
});

test('two plans are compared in words', () => {
  const plan = plan_fixture('compare');
  assert.ok(plan.compare !== undefined);
  assert.match(loose(plain(compare_text(plan, plan.compare))), /^“Gigafactory.*” reaches the target on 20 August 2029, 807 days later than “Existing.*”\. The chance that “Existing.*” is done first is 87 %\. At equal power it is done on 11 February 2030 \(982 days later\)\. At equal money it does not get there by/);
  assert.deepEqual([3, -3, 0].map((d) => loose(gap_text(d))), ['3 days later', '3 days earlier', 'the same day']);
});

test('an address names a figure, whatever its id', () => {
  for (const id of ['answer.days', 'a b/ü%', '"><script>']) assert.equal(figure_in(figure_address(id)), id);
  assert.deepEqual(['', '#cost', '#figure=%E0%A4%A'].map(figure_in), [null, null, null]);
});
