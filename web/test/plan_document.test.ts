import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read_plan } from '../src/plan/document.js';
import { Trace, is_leaf, web_address } from '../src/plan/trace.js';
import { plan_fixture, plan_of, reading_of, smallest } from './plan_fixture.js';
import { web_file } from './fixture.js';

test('the fixtures are read whole', () => {
  for (const name of ['existing-fleet', 'compare', 'never']) {
    assert.deepEqual(read_plan(web_file(`fixtures/plan-${name}.json`)).problems, [], name);
  }
  const plan = plan_fixture('existing-fleet');
  assert.ok(plan.sites.length > 70 && plan.curve.length > 90 && plan.figures.length > 200);
  assert.equal(plan_fixture('never').answer.date, null);
  assert.equal(plan_fixture('compare').compare?.equal_money?.date, null);
});

test('fixtures say that their results are invented', () => {
  for (const name of ['existing-fleet', 'compare', 'never']) assert.match(plan_fixture(name).scenario.about, /fixture.*invented/i);
});

test('what the page cannot do without is an error in one line that says where and what would be right', () => {
  const fails = (fields: Readonly<Record<string, unknown>>, pattern: RegExp): void => assert.throws(() => reading_of(fields), pattern);
  assert.throws(() => read_plan('/*REPORT' + '_DATA*/'), /holds no data/);
  assert.throws(() => read_plan('[]'), /should be an object/);
  fails({ format: 'euromesh-plan/2' }, /^Problem|format is "euromesh-plan\/2"; it should be one of euromesh-plan\/1\./);
  fails({ from: '2026-13-01' }, /from is "2026-13-01"; it should be a date/);
  fails({ target: { name: 'T', flop: '4e25', parameters: null, tokens: null } }, /target\.flop is "4e25"; it should be a number/);
  fails({ target: { name: 'T', flop: 0, parameters: null, tokens: null } }, /target\.flop is 0; it should be above zero/);
  fails({ horizon: '2026-12-01' }, /horizon is "2026-12-01"; it should be after from/);
  fails({ share: 17 }, /share is 17; it should be a number from 0 to 1/);
  fails({ curve: {} }, /curve is \{\}; it should be a list/);
  fails({ totals: undefined }, /totals is missing; it should be an object/);
});

test('a wrong entry of a list is left out and named', () => {
  const { plan, problems } = reading_of({ curve: [{ date: '2027-01-01', flop: 1, p10: 0, p90: 2 }, { date: 'soon', flop: 1, p10: 0, p90: 2 }, null] });
  assert.equal(plan.curve.length, 1);
  assert.deepEqual(problems, ['curve[1].date is "soon"; it should be a date as 2027-03-12.', 'curve[2] is null; it should be an object.']);
});

test('null and missing are unknown, never zero', () => {
  const plan = plan_of({ totals: { ...(smallest['totals'] as object), eur: null, mwh: undefined } });
  assert.deepEqual([plan.totals.eur, plan.totals.mwh, plan.totals.tco2e], [null, null, 1]);
  assert.equal(plan.totals.m3_water, undefined);
  assert.equal(plan_of({ sobol: null }).sobol, undefined);
});

const figures = [
  { id: 'a', label: 'A', value: 1, unit: '1', grade: 'A' },
  { id: 'c', label: 'C', value: 2, unit: '1', grade: 'C', source_url: 'javascript:alert(1)' },
  { id: 'sum', label: 'Sum', value: 3, unit: '1', grade: 'C', formula: 'a + c', inputs: ['a', 'c', 'gone'] },
  { id: 'top', label: 'Top', value: 6, unit: '1', grade: 'C', formula: '2 sum', inputs: ['sum', 'a'] },
];

test('a figure is followed down to its leaves and up to its uses', () => {
  const trace = new Trace(plan_of({ figures, links: { 'answer.days': 'top', __proto__: 'a' } }));
  const [sum, a] = [trace.find('sum'), trace.find('a')];
  assert.ok(sum !== undefined && a !== undefined);
  assert.deepEqual(trace.leaves(sum).map((f) => f.id), ['a', 'c']);
  assert.deepEqual(trace.estimates(sum).map((f) => f.id), ['c']);
  assert.deepEqual(trace.used_in(a).map((f) => f.id), ['sum', 'top']);
  assert.deepEqual(trace.inputs(sum).map((i) => i.figure?.id), ['a', 'c', undefined]);
  assert.equal(trace.at('answer.days')?.id, 'top');
  assert.equal(trace.at('sum')?.id, 'sum');
  assert.equal(trace.at('totals.eur'), undefined);
  assert.deepEqual(trace.figures.filter(is_leaf).map((f) => f.id), ['a', 'c']);
});

test('a circle and a repeated id in bad data do no harm', () => {
  const circle = [{ ...figures[2], id: 'x', inputs: ['y'] }, { ...figures[2], id: 'y', inputs: ['x', 'a'] }, figures[0], { ...figures[0], label: 'again' }];
  const trace = new Trace(plan_of({ figures: circle }));
  const x = trace.find('x');
  assert.ok(x !== undefined);
  assert.deepEqual(trace.leaves(x).map((f) => f.label), ['A']);
});

test('every figure that a fixture names is there, and no grade is better than that of its inputs', () => {
  for (const name of ['existing-fleet', 'compare', 'never']) {
    const plan = plan_fixture(name);
    const trace = new Trace(plan);
    const named = [...plan.sites, ...plan.steps, ...plan.tornado, ...plan.cost].flatMap((item) => (item.figure === undefined || item.figure === '' ? [] : [item.figure]));
    assert.deepEqual(named.filter((id) => trace.find(id) === undefined), [], name);
    for (const figure of trace.figures) assert.ok(trace.inputs(figure).every((i) => (i.figure?.grade ?? 'A') <= figure.grade), figure.id);
  }
});

test('only web addresses become links', () => {
  assert.equal(web_address('https://example.org/a?b=1'), 'https://example.org/a?b=1');
  for (const url of ['javascript:alert(1)', ' https://example.org', 'data:text/html,x', 'file:///etc/passwd', 'https://', '//example.org', undefined]) assert.equal(web_address(url), null, url);
});

test('hostile data are read without harm', () => {
  const { plan, problems } = read_plan(web_file('fixtures/plan-hostile.json'));
  assert.equal(plan.scenario.name, '</script><img src=x onerror=alert(1)>');
  assert.equal(plan.sites.length, 3);
  assert.ok(problems.some((p) => p.startsWith('sites[4].grade is "Z"; it should be one of A, B, C')));
  assert.match(plan.scenario.about, /\ufffd reversed/);
  const trace = new Trace(plan);
  assert.equal(trace.find('__proto__')?.label, 'proto');
  assert.equal(trace.find('constructor'), undefined);
  assert.equal(trace.at('answer.days')?.id, 'a');
  for (const figure of trace.figures) trace.leaves(figure);
});
