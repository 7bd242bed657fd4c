// What the numbers are not, and what the words mean.

import { h } from '../dom.js';
import type { Child } from '../dom.js';
import { format_short } from '../format.js';
import type { Report } from '../report.js';

function size_limit(report: Report): string {
  const size = report.run.parameters;
  const named = size === null ? 'The model is small' : `The model has ${format_short(size)} parameters`;
  return `${named}. What holds for it need not hold for a model a thousand times larger; published gaps between low-communication and data-parallel training differ with size, and so does the best number of inner steps.`;
}

export function limits_section(report: Report): Child {
  const limits = [
    size_limit(report),
    'A site here is a process with the name of a real machine. The quick start runs all of them on one computer. Then tokens per second, waiting time and utilisation describe that computer, not the named machines, and no wide-area network was crossed.',
    'Bytes for data parallel are computed, not measured: see how they are counted under the figure. A careful data-parallel run could compress too.',
    'One run with one seed: no error bars. Differences of about a per cent between models may be chance.',
    'Loss per byte on held-out text of the same kind as the training text says nothing about usefulness, and languages differ in difficulty: compare down a column, not along a row.',
    ...report.notes,
  ];
  return h('ul', { class: 'limits' }, limits.map((text) => h('li', {}, text)));
}

const glossary: readonly (readonly [string, string])[] = [
  ['nats per byte', 'cross-entropy of the next byte, with natural logarithms: 5.545 is a blind guess among 256 bytes; divide by 0.693 for bits per byte.'],
  ['held-out text', 'text of each language that no model was trained on.'],
  ['site', 'a party that computes and keeps its text; here one process.'],
  ['inner step', 'one ordinary optimiser step of a site on its own text, without communication.'],
  ['outer step', 'after some inner steps, the sites’ changes are combined and applied to the shared parameters.'],
  ['pseudo-gradient', 'shared parameters before a round minus a site’s parameters after it: apart from loss figures and counts, the only thing drawn from its text that a site sends.'],
  ['outer parameters', 'the shared model that results from the outer steps; what is evaluated here.'],
  ['outer gain', 'how far one round’s change is carried in the end by the outer momentum, relative to a plain mean.'],
  ['round', 'the inner steps of all sites and the outer step that ends them.'],
  ['data parallel', 'the usual way: gradients of all sites are averaged after each single step; it needs a fast network.'],
  ['gap closed', 'how far the federated model has come from the best single-site model (0 %) to the data-parallel one (100 %).'],
  ['utilisation', 'time in which a site computed, of the time in which it computed or waited.'],
  ['int8, bf16, fp32', 'number formats of what is sent: about 1, 2 or 4 bytes per parameter.'],
  ['manifest', 'the record of one outer step: contributors, digests, tokens, weights, and the digest of the result.'],
  ['digest', 'a short fingerprint of the parameters; equal digests on all sites mean equal parameters, bit for bit.'],
];

export function glossary_section(): Child {
  return h('dl', { class: 'glossary' }, glossary.map(([word, meaning]) => h('div', {}, h('dt', {}, word), h('dd', {}, meaning))));
}
