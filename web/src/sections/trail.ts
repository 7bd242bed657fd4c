// What can be read and checked afterwards: generated text, events, manifests, how to run it again, the settings.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import { format_count, format_seconds, shell_word } from '../format.js';
import { language_tag } from '../language_tag.js';
import type { Report, Sample } from '../report.js';

function sample(item: Sample): HTMLElement {
  const tag = language_tag(item.language);
  const quote = h('blockquote', tag === '' ? {} : { lang: tag }, h('b', {}, item.prompt), item.text.startsWith(item.prompt) ? item.text.slice(item.prompt.length) : item.text);
  return h('figure', { class: 'sample' }, h('figcaption', {}, item.language === '' ? 'Language not named' : item.language), quote);
}

export function samples_section(report: Report): Child {
  if (report.samples.length === 0) return h('p', { class: 'none' }, 'The run generated no samples.');
  return [
    h('p', {}, 'Written by the federated model; the prompt is bold, nothing was chosen or corrected. A model of this size learns spelling and word shapes, not meaning.'),
    h('div', { class: 'samples' }, report.samples.map(sample)),
  ];
}

export function events_section(report: Report): Child {
  if (report.events.length === 0) return h('p', { class: 'none' }, 'The run recorded no site that left, joined or failed.');
  return h('ol', { class: 'events' }, report.events.map((e) =>
    h('li', {}, h('span', { class: 'when' }, e.round === null ? 'round not known' : `round ${e.round}`), h('span', {}, e.text))));
}

function command(text: string): HTMLElement {
  return h('pre', { class: 'command' }, h('code', {}, text));
}

export function audit_section(report: Report): Child {
  const { file, head, count } = report.manifests;
  if (file === '' && head === '') return h('p', { class: 'none' }, 'The run recorded no manifests.');
  return [
    h('p', {}, `Each outer step left a manifest: who contributed which digest, with how many tokens and inner steps, under which weights, and the digest of the result. Each names the one before it; so the head fixes the whole chain of ${count === null ? 'manifests' : `${format_count(count)} manifests`}.`),
    h('dl', { class: 'facts' }, h('div', {}, h('dt', {}, 'Head'), h('dd', {}, h('code', { class: 'digest' }, head === '' ? 'not recorded' : head)))),
    h('p', {}, 'Recompute the chain and compare its head with the one above:'),
    command(`euromesh train --check-manifests ${shell_word(file === '' ? 'FILE' : file)}`),
  ];
}

export function reproduce_section(report: Report): Child {
  return [
    h('p', {}, 'On a bare Debian 12 machine, in the project’s folder:'),
    report.reproduce === '' ? h('p', { class: 'none' }, 'The run did not record its command.') : command(report.reproduce),
    h('p', {}, 'Losses depend on the seed and on the order of floating-point sums in the processor’s libraries; times depend on the machine.'),
  ];
}

export function settings_section(report: Report): Child {
  const { run } = report;
  const rows: (readonly [string, string])[] = [
    ['model parameters', format_count(run.parameters)], ...run.model, ...run.settings, ['wall time', format_seconds(run.seconds)],
  ];
  return h('dl', { class: 'facts' }, rows.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));
}
