// Reads the JSON of a run (euromesh-report/1) into typed data. Nothing of it is trusted: a missing or wrong field becomes
// null, an empty text or an empty list, never zero, and the page says "not measured" there.

export type Maybe = number | null;
export type ByName = ReadonlyMap<string, number>;
export type Kind = 'federated' | 'alone' | 'data_parallel' | 'other';

export interface Run {
  name: string;
  parameters: Maybe;
  model: readonly (readonly [string, string])[];
  settings: readonly (readonly [string, string])[];
  seconds: Maybe;
}

export interface Site {
  name: string;
  label: string;
  country: string;
  language: string;
  lat: Maybe;
  lon: Maybe;
  accelerator: string;
  accelerator_count: Maybe;
  text_bytes: Maybe;
  tokens: Maybe;
  steps: Maybe;
  tokens_per_second: Maybe;
  compute_s: Maybe;
  wait_s: Maybe;
  utilisation: Maybe;
  bytes_sent: Maybe;
  bytes_received: Maybe;
}

export interface Round {
  round: number;
  inner_steps: Maybe;
  members: readonly string[];
  loss: ByName;
  wait_s: ByName;
  bytes_sent: ByName;
  gain: Maybe;
  digest: string;
  seconds: Maybe;
}

export interface Point { tokens: number; mean: Maybe; loss: ByName }
export interface Curve { label: string; kind: Kind; points: readonly Point[] }
export interface Result { label: string; kind: Kind; mean: Maybe; loss: ByName }
export interface Sample { language: string; prompt: string; text: string }
export interface RunEvent { round: Maybe; text: string }

export interface Report {
  title: string;
  created: string;
  program: string;
  run: Run;
  sites: readonly Site[];
  rounds: readonly Round[];
  curves: readonly Curve[];
  results: readonly Result[];
  bytes: { sent: Maybe; data_parallel: Maybe; ratio: Maybe; how: string };
  verdict: { closed_fraction: Maybe; gap_to_data_parallel: Maybe };
  samples: readonly Sample[];
  events: readonly RunEvent[];
  manifests: { file: string; head: string; count: Maybe };
  reproduce: string;
  notes: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list<T>(value: unknown, read: (item: unknown) => T): T[] {
  return Array.isArray(value) ? value.map(read) : [];
}

/** Control characters, and those that reverse the direction of text, are shown as a mark instead of acting. */
export function visible(value: string): string {
  return value.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');
}

function text(value: unknown): string {
  return typeof value === 'string' ? visible(value) : typeof value === 'number' ? String(value) : '';
}

function number(value: unknown): Maybe {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Sizes, counts and times: a negative one was not measured. */
function amount(value: unknown): Maybe {
  const read = number(value);
  return read !== null && read >= 0 ? read : null;
}

/** A Map, not an object: a site may be called `__proto__`. */
function by_name(value: unknown): ByName {
  const found = new Map<string, number>();
  for (const [name, item] of Object.entries(fields(value))) {
    const read = number(item);
    if (read !== null) found.set(visible(name), read);
  }
  return found;
}

function kind(value: unknown): Kind {
  return value === 'federated' || value === 'alone' || value === 'data_parallel' ? value : 'other';
}

const shown_elsewhere = ['name', 'model', 'seconds'];

function pairs(value: Fields, skip: readonly string[]): [string, string][] {
  return Object.entries(value)
    .filter(([key, item]) => !skip.includes(key) && (typeof item === 'string' || typeof item === 'number'))
    .map(([key, item]) => [visible(key).replaceAll('_', ' '), text(item)]);
}

function read_run(value: unknown): Run {
  const run = fields(value);
  const model = fields(run['model']);
  return {
    name: text(run['name']),
    parameters: amount(model['parameters']),
    model: pairs(model, ['parameters']),
    settings: pairs(run, shown_elsewhere),
    seconds: amount(run['seconds']),
  };
}

function read_site(value: unknown): Site {
  const site = fields(value);
  return {
    name: text(site['name']),
    label: text(site['label']) || text(site['name']) || 'unnamed site',
    country: text(site['country']),
    language: text(site['language']),
    lat: number(site['lat']),
    lon: number(site['lon']),
    accelerator: text(site['accelerator']),
    accelerator_count: amount(site['accelerator_count']),
    text_bytes: amount(site['text_bytes']),
    tokens: amount(site['tokens']),
    steps: amount(site['steps']),
    tokens_per_second: amount(site['tokens_per_second']),
    compute_s: amount(site['compute_s']),
    wait_s: amount(site['wait_s']),
    utilisation: amount(site['utilisation']),
    bytes_sent: amount(site['bytes_sent']),
    bytes_received: amount(site['bytes_received']),
  };
}

/** Figures tell sites apart by label, so each gets one of its own. */
function with_own_labels(sites: readonly Site[]): Site[] {
  const taken = new Set<string>();
  return sites.map((site, index) => {
    const label = taken.has(site.label) ? `${site.label} (${index + 1})` : site.label;
    taken.add(label);
    return { ...site, label };
  });
}

function read_round(value: unknown, index: number): Round {
  const round = fields(value);
  return {
    round: number(round['round']) ?? index + 1,
    inner_steps: amount(round['inner_steps']),
    members: list(round['members'], text),
    loss: by_name(round['loss']),
    wait_s: by_name(round['wait_s']),
    bytes_sent: by_name(round['bytes_sent']),
    gain: number(round['gain']),
    digest: text(round['digest']),
    seconds: amount(round['seconds']),
  };
}

function read_point(value: unknown): Point | null {
  const point = fields(value);
  const tokens = amount(point['tokens']);
  return tokens === null ? null : { tokens, mean: number(point['mean']), loss: by_name(point['loss']) };
}

function read_curve(value: unknown): Curve {
  const curve = fields(value);
  const points = list(curve['points'], read_point).filter((p): p is Point => p !== null);
  return { label: text(curve['label']), kind: kind(curve['kind']), points };
}

function read_result(value: unknown): Result {
  const result = fields(value);
  return { label: text(result['label']), kind: kind(result['kind']), mean: number(result['mean']), loss: by_name(result['loss']) };
}

function read_sample(value: unknown): Sample {
  const sample = fields(value);
  return { language: text(sample['language']), prompt: text(sample['prompt']), text: text(sample['text']) };
}

function read_event(value: unknown): RunEvent {
  const event = fields(value);
  return { round: number(event['round']), text: text(event['text']) };
}

function read_bytes(value: unknown): Report['bytes'] {
  const bytes = fields(value);
  const [sent, data_parallel] = [amount(bytes['sent']), amount(bytes['data_parallel'])];
  return { sent, data_parallel, ratio: amount(bytes['ratio']), how: text(bytes['how']) };
}

const known_format = 'euromesh-report/1';

/** Throws with one line that says what is wrong and what would be right. */
export function read_report(json: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error('This file holds no data: the text of #report-data is not JSON. Reports are written by `euromesh train`.');
  }
  const top = fields(value);
  if (top['format'] !== known_format) {
    throw new Error(`The data have the format "${text(top['format'])}"; this page reads "${known_format}".`);
  }
  const verdict = fields(top['verdict']);
  const manifests = fields(top['manifests']);
  return {
    title: text(top['title']) || 'Federated training run',
    created: text(top['created']),
    program: text(top['program']),
    run: read_run(top['run']),
    sites: with_own_labels(list(top['sites'], read_site)),
    rounds: Array.isArray(top['rounds']) ? top['rounds'].map(read_round) : [],
    curves: list(top['curves'], read_curve).filter((c) => c.points.length > 0),
    results: list(top['results'], read_result),
    bytes: read_bytes(top['bytes']),
    verdict: { closed_fraction: number(verdict['closed_fraction']), gap_to_data_parallel: number(verdict['gap_to_data_parallel']) },
    samples: list(top['samples'], read_sample),
    events: list(top['events'], read_event),
    manifests: { file: text(manifests['file']), head: text(manifests['head']), count: amount(manifests['count']) },
    reproduce: text(top['reproduce']),
    notes: list(top['notes'], text).filter((note) => note !== ''),
  };
}
