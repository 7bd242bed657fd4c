// Numbers that can be followed: a link to the figure behind them, the mark of an estimate, and raised digits as such.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import type { Figure } from './document.js';
import { grade_words } from './trace.js';
import type { Trace } from './trace.js';
import { unknown } from './write.js';

const raised = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** "10²⁵" with a real superscript: the fonts of the page hold only some of the raised digits. */
export function rich(text: string): Child {
  const parts = text.split(/(⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+|₂)/);
  if (parts.length === 1) return text;
  return parts.map((part, index) => {
    if (index % 2 === 0) return part;
    if (part === '₂') return h('sub', {}, '2');
    return part === '³' && /m$/.test(parts[index - 1] ?? '') ? part : h('sup', {}, [...part].map((c) => (c === '⁻' ? '−' : String(raised.indexOf(c)))).join(''));
  });
}

export function figure_address(id: string): string {
  return `#figure=${encodeURIComponent(id)}`;
}

/** The id in "#figure=ID", or null. */
export function figure_in(hash: string): string | null {
  if (!hash.startsWith('#figure=')) return null;
  try {
    return decodeURIComponent(hash.slice('#figure='.length));
  } catch {
    return null;
  }
}

export function mark(grade: Figure['grade']): HTMLElement | null {
  return grade === 'C' ? h('abbr', { class: 'mark', title: `Rests on grade C data: ${grade_words.C.long}` }, grade_words.C.short) : null;
}

/** The number large and its unit smaller: "72.6" and "million EUR". */
function with_unit(shown: string): Child {
  const [number = '', ...unit] = shown.split('\u202f');
  return unit.length === 0 ? rich(shown) : [number, h('span', { class: 'unit' }, rich(`\u202f${unit.join('\u202f')}`))];
}

/** The number as a link to its figure, with its mark; as text where no figure stands behind it. */
export function traced(trace: Trace, figure: Figure | undefined, shown: string, short = false): Child {
  const text = short ? with_unit(shown) : rich(shown);
  if (figure === undefined || shown === unknown) return text;
  const link = h('a', {
    class: 'traced', href: figure_address(figure.id), title: `Where this comes from: ${figure.label}`, 'data-number': trace.number_of(figure),
  }, text);
  const grade = mark(figure.grade);
  return grade === null ? link : [link, ' ', grade];
}

export function traced_id(trace: Trace, id: string | undefined, shown: string): Child {
  return traced(trace, id === undefined ? undefined : trace.find(id), shown);
}

export function traced_at(trace: Trace, place: string, shown: string, short = false): Child {
  return traced(trace, trace.at(place), shown, short);
}
