import assert from 'node:assert/strict';
import { test } from 'node:test';
import { model_look, owner, site_look } from '../src/looks.js';
import * as series from '../src/series.js';
import { fixture, report_of } from './fixture.js';

test('labels are moved apart, stay in order and inside', () => {
  const placed = series.spread([10, 11, 12, 90], 10, 0, 100);
  assert.deepEqual(placed, [10, 20, 30, 90]);
  assert.deepEqual(series.spread([99, 98], 10, 0, 100), [100, 90]);
  assert.deepEqual(series.spread([], 10, 0, 100), []);
});

test('symbols on a line are few, and differ in place by phase', () => {
  const items = Array.from({ length: 40 }, (_, i) => i);
  assert.equal(series.thinned(items, 7).length, 7);
  assert.notDeepEqual(series.thinned(items, 7, 0.1), series.thinned(items, 7, 0.9));
  assert.deepEqual(series.thinned([1, 2], 7), [1, 2]);
});

test('a site that was away leaves a gap in its line and one absence', () => {
  const report = fixture('three-sites');
  assert.deepEqual(series.absences(report), [{ site: 'Leonardo', from: 13, to: 15 }]);
  const line = series.round_losses(report).find((l) => l.site === 'Leonardo');
  assert.deepEqual(line?.points.filter((p) => p.loss === null).map((p) => p.round), [13, 14, 15]);
});

test('utilisation leaves out sites whose times are unknown', () => {
  const report = report_of({ sites: [{ name: 'a', compute_s: 9, wait_s: 1 }, { name: 'b', compute_s: 9 }, { name: 'c', compute_s: 0, wait_s: 0 }] });
  assert.deepEqual(series.utilisation(report).map((s) => [s.site, s.part, s.share]), [['a', 'compute', 0.9], ['a', 'wait', 0.1]]);
});

test('curves without a measured point vanish, unknown points are skipped', () => {
  const report = report_of({ curves: [
    { label: 'a', kind: 'alone', points: [{ tokens: 1, mean: 2 }, { tokens: 2, mean: null }, { mean: 3 }] },
    { label: 'b', kind: 'federated', points: [{ tokens: 1, mean: 5 }] },
    { label: 'c', kind: 'alone', points: [{ tokens: 1, mean: null }] },
  ] });
  const lines = series.curve_lines(report.curves);
  assert.deepEqual(lines.map((l) => [l.label, l.points.length]), [['b', 1], ['a', 1]]);
  assert.equal(series.closing_window(lines, 0.4), null);
});

test('the enlarged end holds the main curves of the last part', () => {
  const window = series.closing_window(series.curve_lines(fixture('three-sites').curves), 0.4);
  assert.ok(window !== null && window.y[0] > 1.6 && window.y[1] < 1.9);
});

test('the table marks the lowest of each column and compares with data parallel', () => {
  const rows = series.result_rows(report_of({ results: [
    { label: 'a', kind: 'alone', mean: 3, loss: { x: 1 } },
    { label: 'p', kind: 'data_parallel', mean: 2, loss: { x: 2, y: 4 } },
    { label: 'f', kind: 'federated', mean: null },
  ] }));
  assert.deepEqual(rows.map((r) => r.label), ['f', 'p', 'a']);
  assert.deepEqual(rows.map((r) => r.change), [null, 0, 0.5]);
  assert.deepEqual(rows.map((r) => r.best), [[false, false, false], [true, false, true], [false, true, false]]);
});

test('dots know the language that a single site was trained on', () => {
  const own = series.loss_dots(fixture('three-sites')).filter((d) => d.own).map((d) => [d.model, d.row]);
  assert.deepEqual(own, [['JUPITER alone', 'German'], ['Leonardo alone', 'Italian'], ['MareNostrum 5 alone', 'Spanish']]);
});

test('a picture of cells is drawn only where it can be counted', () => {
  assert.deepEqual([null, 1.2, 116.4, 5000].map((r) => series.waffle_cells(r)), [null, null, 116, null]);
});

test('the looks of twenty sites differ, with colour and without', () => {
  const looks = Array.from({ length: 20 }, (_, i) => site_look(i));
  assert.equal(new Set(looks.map((l) => l.color + l.symbol)).size, 20);
  assert.equal(new Set(looks.map((l) => l.dash + l.symbol)).size, 20);
});

test('a model trained alone looks like its site', () => {
  const report = report_of({ sites: [{ label: 'MareNostrum' }, { label: 'MareNostrum 5' }] });
  assert.equal(owner('MareNostrum 5 alone', report.sites), 1);
  assert.equal(owner('MareNostrum5', report.sites), -1);
  assert.deepEqual(model_look('MareNostrum 5 alone', 'alone', report), site_look(1));
});
