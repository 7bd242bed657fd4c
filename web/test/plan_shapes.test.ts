import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apart, date_ticks, percent, shown_until, swing_size, ticks, until } from '../src/plan/geometry.js';
import { compare_keys, filtered, sorted } from '../src/plan/order.js';
import { plan_fixture, plan_of } from './plan_fixture.js';

test('circles move apart and stay near their place', () => {
  const crowd = Array.from({ length: 30 }, (_, i) => ({ x: 100 + (i % 3), y: 100, r: 3 + (i % 7) }));
  const moved = apart(crowd);
  moved.forEach((a, i) => moved.slice(i + 1).forEach((b) => assert.ok(Math.hypot(a.x - b.x, a.y - b.y) > (a.r + b.r) * 0.85)));
  assert.ok(moved.every((c) => Math.hypot(c.x - 101, c.y - 100) < 90 && Number.isFinite(c.x)));
  assert.deepEqual(apart(crowd), moved);
  const lone = [{ x: 1, y: 2, r: 3 }, { x: 50, y: 2, r: 3 }];
  apart(lone).forEach((c, i) => assert.ok(Math.hypot(c.x - (lone[i]?.x ?? 0), c.y - (lone[i]?.y ?? 0)) < 0.03));
});

test('ticks are round', () => {
  assert.deepEqual(ticks(0, 465, 4), [0, 200, 400]);
  assert.deepEqual(ticks(-0.03, 0.62, 4), [0, 0.2, 0.4, 0.6]);
  assert.deepEqual(ticks(5, 5, 4), [5]);
  assert.deepEqual(date_ticks('2026-12-01', '2027-12-01', 4), ['2027-01-01', '2027-04-01', '2027-07-01', '2027-10-01']);
  assert.deepEqual(date_ticks('2026-12-01', '2031-12-01', 5), ['2027-01-01', '2028-01-01', '2029-01-01', '2030-01-01', '2031-01-01']);
  assert.deepEqual([5, -1, 11].map((v) => percent(v, 0, 10)), [50, 0, 100]);
});

test('a chart of time ends a little after what matters, or at the horizon', () => {
  const plan = plan_of({});
  assert.equal(shown_until(plan, ['2027-06-05', null, '2027-10-10']), '2027-12-25');
  assert.equal(shown_until(plan, [null]), '2031-12-01');
  assert.equal(shown_until(plan, ['2031-11-30']), '2031-12-01');
});

test('a line is cut at the day where the chart ends', () => {
  const points = [{ date: '2027-01-01', flop: 0 }, { date: '2027-01-11', flop: 10 }, { date: '2027-01-21', flop: 40 }];
  assert.deepEqual(until(points, '2027-01-16', ['flop']), [points[0], points[1], { date: '2027-01-16', flop: 25 }]);
  assert.deepEqual(until(points, '2028-01-01', ['flop']), points);
  assert.deepEqual(until(points, '2027-01-11', ['flop']), points.slice(0, 2));
});

test('rows sort by number and by name; unknown stays last both ways', () => {
  const rows = [{ v: 3 }, { v: null }, { v: 20 }];
  assert.deepEqual(sorted(rows, (r) => r.v, false).map((r) => r.v), [3, 20, null]);
  assert.deepEqual(sorted(rows, (r) => r.v, true).map((r) => r.v), [20, 3, null]);
  assert.ok(compare_keys('Alps 2', 'Alps 10', false) < 0);
});

test('facts are found by grade and by all of the words', () => {
  const leaves = plan_fixture('existing-fleet').figures.filter((f) => (f.inputs ?? []).length === 0);
  assert.ok(filtered(leaves, 'C', '').every((f) => f.grade === 'C'));
  assert.deepEqual(filtered(leaves, 'all', ' jupiter-booster  COUNT ').map((f) => f.id), ['site.jupiter-booster.count']);
  assert.equal(filtered(leaves, 'all', '').length, leaves.length);
  assert.deepEqual(filtered(leaves, 'A', 'addressable'), []);
});

test('the input that moves the date most comes first; one that loses it altogether before all', () => {
  const swing = (low: number | null, high: number | null): number => swing_size({ input: '', label: '', unit: '1', low: 0, high: 1, days_at_low: low, days_at_high: high, figure: '' });
  assert.ok(swing(null, 80) > swing(500, 80));
  assert.equal(swing(80, 500), 420);
  assert.ok(swing(null, null) < 0);
});
