import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read_report } from '../src/report.js';
import { fixture, report_of } from './fixture.js';

test('a complete report is read', () => {
  const report = fixture('three-sites');
  assert.equal(report.sites.length, 3);
  assert.equal(report.rounds.length, 40);
  assert.equal(report.rounds[0]?.members.length, 3);
  assert.equal(report.sites[2]?.label, 'MareNostrum 5');
  assert.ok((report.curves[0]?.points[1]?.loss.get('German') ?? 0) > 1);
  assert.deepEqual(report.run.model.map(([name]) => name), ['layers', 'dim', 'heads', 'context', 'vocab']);
});

test('what is missing, null, negative or of the wrong type is unknown, never zero', () => {
  const site = report_of({ sites: [{ name: 'a', tokens: '5', lat: null, wait_s: -1, compute_s: 0 }] }).sites[0];
  assert.deepEqual([site?.tokens, site?.lat, site?.wait_s, site?.compute_s], [null, null, null, 0]);
  const empty = report_of({});
  assert.deepEqual([empty.sites, empty.curves, empty.results, empty.rounds], [[], [], [], []]);
  assert.equal(empty.bytes.sent, null);
});

test('a wrong file or format is an error in one line that says what would be right', () => {
  assert.throws(() => read_report('/*REPORT' + '_DATA*/'), /holds no data/);
  assert.throws(() => read_report('{"format":"euromesh-report/9"}'), /"euromesh-report\/9"; this page reads "euromesh-report\/1"/);
  assert.throws(() => read_report('null'), /this page reads/);
});

test('hostile data are read without harm', () => {
  const report = fixture('hostile');
  assert.equal(report.title, '</script><img src=x onerror=alert(1)>');
  assert.equal(report.sites.length, 4);
  assert.equal(report.rounds[0]?.loss.get('__proto__'), 2);
  assert.equal(report.curves.length, 1);
  assert.equal(Object.hasOwn(Object.prototype, 'b'), false);
});

test('sites have labels of their own', () => {
  const labels = report_of({ sites: [{ label: 'a' }, { label: 'a' }, {}, { name: 'n' }] }).sites.map((s) => s.label);
  assert.deepEqual(labels, ['a', 'a (2)', 'unnamed site', 'n']);
});

test('control characters and reversed text are shown as a mark', () => {
  const text = report_of({ samples: [{ text: 'a\u202eb\u0000c\nd' }] }).samples[0]?.text;
  assert.equal(text, 'a\ufffdb\ufffdc\nd');
});
