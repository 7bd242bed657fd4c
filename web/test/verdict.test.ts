import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cards, headline, key_figures, plain } from '../src/verdict.js';
import { fixture, report_of } from './fixture.js';

const sites = [{ label: 'A' }, { label: 'B 2' }];
const three = [
  { label: 'fed', kind: 'federated', mean: 1.6 },
  { label: 'A alone', kind: 'alone', mean: 2.9 },
  { label: 'B alone', kind: 'alone', mean: 2.6 },
  { label: 'dp', kind: 'data_parallel', mean: 1.5 },
];

function said(fields: Readonly<Record<string, unknown>>): string {
  const report = report_of(fields);
  return plain(headline(report, key_figures(report))).replace(/[\u202f\u00a0]/g, ' ');
}

test('gap, share closed and ratio come from the results', () => {
  const figures = key_figures(report_of({ sites, results: three, bytes: { sent: 10, data_parallel: 1000 } }));
  assert.equal(figures.best_alone?.label, 'B alone');
  assert.ok(Math.abs((figures.gap ?? 0) - 0.1 / 1.5) < 1e-12);
  assert.ok(Math.abs((figures.closed ?? 0) - 1 / 1.1) < 1e-12);
  assert.equal(figures.bytes_ratio, 100);
});

test('the headline says the three figures', () => {
  assert.equal(said({ sites, results: three, bytes: { sent: 10, data_parallel: 1000 } }),
    'Two sites, A and B 2, trained one model without moving their text. On text that no site had seen it scores 1.600 nats per byte '
    + '(lower is better), against 2.600 for the best model that a site trained alone. That is 6.7 % above a data-parallel model '
    + 'on the same tokens, with 100 times fewer bytes sent between sites.');
});

test('a bad result is said as one', () => {
  const worse = three.map((r) => (r.kind === 'federated' ? { ...r, mean: 3 } : r));
  const text = said({ sites, results: worse, bytes: { sent: 1000, data_parallel: 10 } });
  assert.match(text, /no better than the 2\.600/);
  assert.match(text, /100 times more bytes/);
  assert.equal(cards(report_of({ sites, results: worse, bytes: { sent: 1000, data_parallel: 10 } }), key_figures(report_of({ bytes: { sent: 1000, data_parallel: 10 } })))[2]?.unit, 'more bytes sent');
});

test('missing baselines are named, not guessed', () => {
  assert.match(said({ sites, results: three.slice(0, 1) }), /1\.600 nats per byte\. No data-parallel baseline was run/);
  assert.match(said({ sites, results: [] }), /was not measured\. No data-parallel/);
  assert.equal(key_figures(report_of({ sites, results: three.slice(0, 3) })).closed, null);
});

test('one site is not called a federation', () => {
  const report = fixture('one-site');
  const text = plain(headline(report, key_figures(report)));
  assert.match(text, /^One site, JUPITER, trained on its own text, with nobody to exchange with\./);
  assert.doesNotMatch(text, /fewer bytes/);
});

test('a verdict that contradicts the table is reported', () => {
  const base = { sites, results: three, bytes: { sent: 10, data_parallel: 1000, ratio: 100 } };
  assert.deepEqual(key_figures(report_of({ ...base, verdict: { gap_to_data_parallel: 0.0667, closed_fraction: 0.909 } })).disagreements, []);
  const wrong = key_figures(report_of({ ...base, verdict: { gap_to_data_parallel: 0.01, closed_fraction: 0.99 } }));
  assert.equal(wrong.disagreements.length, 2);
  assert.match(wrong.disagreements[0] ?? '', /Gap to data parallel: this page computes \+6\.7/);
});
