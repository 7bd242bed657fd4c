// The key figures of a run and the sentences that say them. They are computed here from the results, so that the page can
// be checked against its own table; where the program's verdict differs, both are shown.

import { capital, format_bytes, format_change, format_factor, format_loss, format_share, join_names, plural, unbroken } from './format.js';
import type { Kind, Maybe, Report, Result } from './report.js';

export interface KeyFigures {
  federated: Maybe;
  best_alone: Result | null;
  data_parallel: Maybe;
  /** federated / data parallel − 1 */
  gap: Maybe;
  /** share of the way from the best single site to data parallel */
  closed: Maybe;
  bytes_ratio: Maybe;
  disagreements: readonly string[];
}

export type Phrase = readonly { text: string; strong?: boolean }[];

function mean_of(report: Report, kind: Kind): Maybe {
  return report.results.find((r) => r.kind === kind)?.mean ?? null;
}

function lowest(results: readonly Result[]): Result | null {
  const measured = results.filter((r) => r.mean !== null);
  return measured.reduce<Result | null>((best, r) => (best === null || (r.mean ?? 0) < (best.mean ?? 0) ? r : best), null);
}

function relative(value: Maybe, base: Maybe): Maybe {
  return value === null || base === null || base <= 0 ? null : value / base - 1;
}

function closed_share(federated: Maybe, alone: Maybe, parallel: Maybe): Maybe {
  if (federated === null || alone === null || parallel === null || alone <= parallel) return null;
  return (alone - federated) / (alone - parallel);
}

function bytes_ratio(bytes: Report['bytes']): Maybe {
  if (bytes.sent === null || bytes.data_parallel === null || bytes.sent <= 0) return bytes.ratio;
  return bytes.data_parallel / bytes.sent;
}

function disagreement(name: string, ours: Maybe, theirs: Maybe, tolerance: number, write: (v: Maybe) => string): string[] {
  if (ours === null || theirs === null || Math.abs(ours - theirs) <= tolerance) return [];
  return [`${name}: this page computes ${write(ours)} from the table of results; the program recorded ${write(theirs)}.`];
}

export function key_figures(report: Report): KeyFigures {
  const federated = mean_of(report, 'federated');
  const data_parallel = mean_of(report, 'data_parallel');
  const best_alone = lowest(report.results.filter((r) => r.kind === 'alone'));
  const gap = relative(federated, data_parallel);
  const closed = closed_share(federated, best_alone?.mean ?? null, data_parallel);
  const ratio = bytes_ratio(report.bytes);
  const { closed_fraction, gap_to_data_parallel } = report.verdict;
  return {
    federated,
    best_alone,
    data_parallel,
    gap: gap ?? gap_to_data_parallel,
    closed: closed ?? closed_fraction,
    bytes_ratio: ratio,
    disagreements: [
      ...disagreement('Gap to data parallel', gap, gap_to_data_parallel, 0.002, format_change),
      ...disagreement('Share of the gap closed', closed, closed_fraction, 0.01, format_share),
      ...disagreement('Ratio of bytes', ratio, report.bytes.ratio, (ratio ?? 1) * 0.01, format_factor),
    ],
  };
}

function opening(report: Report): Phrase {
  const count = report.sites.length;
  if (count === 0) return [{ text: 'The data name no site. ' }];
  const names = join_names(report.sites.map((s) => unbroken(s.label)), 4);
  if (count === 1) return [{ text: `One site, ${names}, trained on its own text, with nobody to exchange with. ` }];
  return [{ text: `${capital(plural(count, 'site'))}, ${names}, trained one model without moving their text. ` }];
}

function loss_phrase(figures: KeyFigures): Phrase {
  if (figures.federated === null) return [{ text: 'Its loss on held-out text was not measured. ' }];
  const phrase = [{ text: 'On text that no site had seen it scores ' }, { text: `${format_loss(figures.federated)} nats per byte`, strong: true }];
  const alone = figures.best_alone;
  if (alone === null || alone.mean === null) return [...phrase, { text: '. ' }];
  const against = `${format_loss(alone.mean)} for the best model that a site trained alone`;
  const better = figures.federated < alone.mean;
  return [...phrase, { text: better ? ` (lower is better), against ${against}. ` : `, no better than the ${against}. ` }];
}

function gap_phrase(figures: KeyFigures): Phrase {
  if (figures.gap === null) return [{ text: 'No data-parallel baseline was run for comparison. ' }];
  const side = figures.gap >= 0 ? 'above' : 'below';
  const size = format_share(Math.abs(figures.gap));
  return [{ text: 'That is ' }, { text: `${size} ${side}`, strong: true }, { text: ' a data-parallel model on the same tokens' }];
}

function bytes_phrase(report: Report, figures: KeyFigures): Phrase {
  const ratio = figures.bytes_ratio;
  if (report.sites.length < 2 || ratio === null || ratio <= 0) return figures.gap === null ? [] : [{ text: '.' }];
  const factor = ratio >= 1 ? ratio : 1 / ratio;
  const lead = figures.gap === null ? 'Sites sent ' : ', with ';
  const wording = `${format_factor(factor).replace(/\s×$/, '')} times ${ratio >= 1 ? 'fewer' : 'more'} bytes`;
  return [{ text: lead }, { text: wording, strong: true }, { text: figures.gap === null ? ' than data parallel would have sent.' : ' sent between sites.' }];
}

export function headline(report: Report, figures: KeyFigures): Phrase {
  return [...opening(report), ...loss_phrase(figures), ...gap_phrase(figures), ...bytes_phrase(report, figures)];
}

export interface Card { name: string; value: string; unit: string; detail: string }

function loss_card(figures: KeyFigures): Card {
  const alone = figures.best_alone;
  const rows = [
    alone === null ? 'Best single site: not measured' : `Best single site (${alone.label}): ${format_loss(alone.mean)}`,
    `Data parallel: ${format_loss(figures.data_parallel)}`,
  ];
  return { name: 'Held-out loss, federated', value: format_loss(figures.federated), unit: figures.federated === null ? '' : 'nats per byte', detail: rows.join('. ') + '.' };
}

function gap_card(figures: KeyFigures): Card {
  const closed = figures.closed;
  const detail = closed === null
    ? 'The share of the way from the best single site to data parallel is not known without both baselines.'
    : `The run covers ${format_share(closed)} of the way from the best single site to data parallel.`;
  return { name: 'Gap to data parallel', value: format_change(figures.gap), unit: figures.gap === null ? '' : 'mean loss', detail };
}

function bytes_card(report: Report, figures: KeyFigures): Card {
  const ratio = figures.bytes_ratio;
  const { sent, data_parallel } = report.bytes;
  const inverse = ratio !== null && ratio > 0 && ratio < 1;
  const detail = `${capital(format_bytes(sent))} sent by all sites; data parallel: ${format_bytes(data_parallel)}.`;
  const unit = ratio === null ? '' : inverse ? 'more bytes sent' : 'fewer bytes sent';
  return { name: 'Communication', value: format_factor(inverse ? 1 / ratio : ratio), unit, detail };
}

export function cards(report: Report, figures: KeyFigures): readonly Card[] {
  return [loss_card(figures), gap_card(figures), bytes_card(report, figures)];
}

export function plain(phrase: Phrase): string {
  return phrase.map((part) => part.text).join('').trim();
}
