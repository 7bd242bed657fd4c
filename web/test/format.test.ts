import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as f from '../src/format.js';

const spaces = (text: string): string => text.replace(/[\u202f\u00a0]/g, ' ');

test('unknown is said in words, and zero is not unknown', () => {
  for (const write of [f.format_loss, f.format_bytes, f.format_count, f.format_seconds, f.format_share, f.format_change, f.format_factor]) {
    assert.equal(write(null), 'not measured');
    assert.notEqual(write(0), 'not measured');
  }
});

test('bytes have three digits and decimal units', () => {
  const cases: [number, string][] = [[0, '0 B'], [999, '999 B'], [1000, '1.00 kB'], [999_600, '1.00 MB'], [12_345_678, '12.3 MB'], [2.02e10, '20.2 GB'], [5e18, '5,000 PB']];
  for (const [value, text] of cases) assert.equal(spaces(f.format_bytes(value)), text);
});

test('changes carry a sign, and a zero none', () => {
  assert.equal(spaces(f.format_change(0.0341)), '+3.4 %');
  assert.equal(spaces(f.format_change(-0.5)), '−50.0 %');
  assert.equal(spaces(f.format_change(-0.0001)), '0.0 %');
});

test('durations read in the largest two units', () => {
  const cases: [number, string][] = [[0, '0 s'], [3.456, '3.46 s'], [59.97, '60.0 s'], [130.2, '2 min 10 s'], [3599.7, '1 h 0 min'], [7260, '2 h 1 min']];
  for (const [value, text] of cases) assert.equal(spaces(f.format_seconds(value)), text);
});

test('three digits round up across a power of ten', () => {
  assert.deepEqual([0, 0.12345, 0.99996, 9.996, 99.96, 1234.5].map(f.three_digits), ['0.00', '0.123', '1.00', '10.0', '100', '1,235']);
});

test('axis labels lose digits that say nothing', () => {
  assert.deepEqual(['10.0 MB', '2.40 M', '3.00 M', '100 MB', '1,000', '2.05 M'].map(f.bare), ['10 MB', '2.4 M', '3 M', '100 MB', '1,000', '2.05 M']);
});

test('names are joined and long lists counted', () => {
  assert.equal(f.join_names([]), '');
  assert.equal(f.join_names(['a']), 'a');
  assert.equal(f.join_names(['a', 'b', 'c']), 'a, b and c');
  assert.equal(f.join_names(['a', 'b', 'c', 'd', 'e'], 3), 'a, b and 3 more');
});

test('a time that is none is shown as it stands', () => {
  assert.equal(f.format_time('2026-11-21T04:00:00Z'), '21 November 2026, 04:00 UTC');
  assert.equal(f.format_time('2026-99-99T04:00:00Z'), '2026-99-99T04:00:00Z');
  assert.equal(f.format_time('yesterday'), 'yesterday');
});

test('a file name in a command is one literal word for a shell', () => {
  assert.equal(f.shell_word('runs/a-1/manifests.jsonl'), 'runs/a-1/manifests.jsonl');
  assert.equal(f.shell_word("x'; rm -rf ~ #"), "'x'\\''; rm -rf ~ #'");
  assert.equal(f.shell_word('$(id)'), "'$(id)'");
  assert.equal(f.shell_word('-n'), "'-n'");
});
