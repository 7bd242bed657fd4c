// Figures of what it takes: cost by part, countries, the ladder of targets.

import { h } from '../../dom.js';
import type { Child } from '../../dom.js';
import { bare, plural } from '../../format.js';
import { bar, bars_figure, spot, upright, whisker } from '../bars.js';
import type { Row, Scale } from '../bars.js';
import type { CostPart, Country, PlanDocument, Rung } from '../document.js';
import { date_ticks, percent, ticks } from '../geometry.js';
import { table } from '../table.js';
import type { Column } from '../table.js';
import { rich, traced_at, traced_id } from '../traced.js';
import type { Trace } from '../trace.js';
import { day_number, write_carbon, write_day, write_eur, write_flop, write_mwh, write_range, write_share } from '../write.js';
import { short_date } from './curve.js';

function cost_row(part: CostPart, scale: Scale, trace: Trace): Row {
  return {
    label: part.label,
    bar: [bar(scale, 0, part.eur, 'total', 50, 54), ...whisker(scale, part.low, part.high)],
    value: [traced_id(trace, part.figure, write_eur(part.eur)), h('small', {}, write_range(part.low, part.high, write_eur))],
  };
}

export function cost_figure(plan: PlanDocument, trace: Trace): HTMLElement | null {
  const { cost, totals } = plan;
  if (cost.length === 0) return null;
  const high = Math.max(...cost.flatMap((p) => [p.eur, p.high]), 1) * 1.03;
  const scale: Scale = { low: 0, high, ticks: ticks(0, high, 3).map((at) => ({ at, text: at === 0 ? '0' : bare(write_eur(at)).replace(' EUR', '') })) };
  const rows = [...cost].sort((a, b) => b.eur - a.eur).map((part) => cost_row(part, scale, trace));
  const sum: Row = { label: 'In all', bar: [], value: [h('b', {}, traced_at(trace, 'totals.eur', write_eur(totals.eur))), h('small', {}, write_range(totals.eur_low, totals.eur_high, write_eur))], strong: true };
  return bars_figure({
    id: 'figure-cost', title: 'Cost by part', scale, axis: 'EUR', rows: totals.eur === null ? rows : [...rows, sum],
    caption: 'Bars: central. Thin lines: from the low to the high end of each part; the range of the sum is that of the model, not the sum of the ends.',
  });
}

function share_bar(country: Country, most: number): Child {
  const width = percent(country.flop_share, 0, most);
  return h('span', { class: 'cell-bar' }, h('meter', { min: 0, max: 100, value: width.toFixed(1), 'aria-hidden': 'true' }), h('span', {}, write_share(country.flop_share)));
}

export function country_table(plan: PlanDocument): HTMLElement | null {
  const rows = [...plan.countries].sort((a, b) => b.flop_share - a.flop_share);
  if (rows.length === 0) return null;
  const most = Math.max(...rows.map((c) => c.flop_share));
  const columns: Column<Country>[] = [
    { name: 'Country', write: (c) => c.name || c.country, key: (c) => c.name, text: true },
    { name: 'Share of the work', write: (c) => share_bar(c, most), key: (c) => c.flop_share },
    { name: 'Energy', write: (c) => write_mwh(c.mwh), key: (c) => c.mwh },
    { name: 'Carbon', write: (c) => write_carbon(c.tco2e), key: (c) => c.tco2e },
    { name: 'Cost', write: (c) => write_eur(c.eur), key: (c) => c.eur },
  ];
  return table({ caption: `By country: ${plural(rows.length, 'country', 'countries')}`, columns, rows, sorts: true }).element;
}

function rung_row(rung: Rung, plan: PlanDocument, scale: Scale): Row {
  const reached = rung.date !== null;
  const day = rung.date === null ? scale.high : day_number(rung.date);
  return {
    label: [rich(write_flop(rung.flop)), h('small', {}, rich(rung.label))],
    bar: [upright(scale, scale.low, 'whisker', 30, 70), ...(reached ? [bar(scale, scale.low, day, 'total', 50, 12), spot(scale, day)] : [bar(scale, scale.low, day, 'high', 50, 12), spot(scale, day, true)])],
    value: reached ? h('b', {}, write_day(rung.date)) : `not by ${write_day(plan.horizon)}`,
  };
}

export function ladder_figure(plan: PlanDocument): HTMLElement | null {
  const rungs = [...(plan.ladder ?? [])].sort((a, b) => a.flop - b.flop);
  if (rungs.length === 0) return null;
  const marks = date_ticks(plan.from, plan.horizon, 5).map((iso) => ({ at: day_number(iso), text: short_date(iso) }));
  const scale: Scale = { low: day_number(plan.from), high: day_number(plan.horizon), ticks: marks };
  const reached = rungs.filter((r) => r.date !== null);
  const last = reached.at(-1);
  return bars_figure({
    id: 'figure-ladder', title: 'Other targets with the same plan', scale, axis: 'done on', rows: rungs.map((r) => rung_row(r, plan, scale)), height: 28,
    caption: rich(last === undefined ? `None is reached by ${write_day(plan.horizon)}.` : `The largest that is reached by ${write_day(plan.horizon)}: ${write_flop(last.flop)}. A hollow dot at the edge: not within the horizon.`),
  });
}
