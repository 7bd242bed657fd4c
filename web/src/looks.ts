// How a model or a site looks in every figure: colour, dash and symbol together, so that a figure also reads without colour.
// Colours are CSS variables (style.css), so that light, dark and print change them without drawing again.

import type { Kind, Report, Site } from './report.js';

export type SymbolName = 'circle' | 'triangle' | 'square' | 'diamond' | 'star' | 'wye' | 'cross' | 'plus' | 'times';

export interface Look { color: string; dash: string; symbol: SymbolName; width: number }

const site_symbols: readonly SymbolName[] = ['triangle', 'square', 'diamond', 'star', 'wye', 'cross', 'plus'];
const site_dashes: readonly string[] = ['6 3', '2 3', '9 3 2 3', '12 4', '4 2 1 2 1 2'];
const site_colors = 8;

/** Numbers of colours, symbols and dashes share no factor, so the looks of 20 sites all differ. */
export function site_look(index: number): Look {
  return {
    color: `var(--site-${(index % site_colors) + 1})`,
    dash: site_dashes[index % site_dashes.length] ?? '',
    symbol: site_symbols[index % site_symbols.length] ?? 'triangle',
    width: 1.6,
  };
}

const federated: Look = { color: 'var(--federated)', dash: '', symbol: 'circle', width: 2.8 };
const data_parallel: Look = { color: 'var(--parallel)', dash: '1 4', symbol: 'times', width: 2 };

/** The site that a model trained alone belongs to: the longest label that the model's label starts with. */
export function owner(label: string, sites: readonly Site[]): number {
  let best = -1;
  sites.forEach((site, index) => {
    const fits = [site.label, site.name].some((name) => name !== '' && (label === name || label.startsWith(`${name} `)));
    if (fits && (best < 0 || site.label.length > (sites[best]?.label.length ?? 0))) best = index;
  });
  return best;
}

export function model_look(label: string, kind: Kind, report: Report): Look {
  if (kind === 'federated') return federated;
  if (kind === 'data_parallel') return data_parallel;
  const index = owner(label, report.sites);
  if (index >= 0) return site_look(index);
  const position = report.results.findIndex((r) => r.label === label);
  return site_look(report.sites.length + Math.max(position, 0));
}
