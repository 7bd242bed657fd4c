// Fixtures for the tests, and a small report to vary.

import { readFileSync } from 'node:fs';
import { read_report } from '../src/report.js';
import type { Report } from '../src/report.js';

/** Compiled tests lie in .test/test/. */
export function web_file(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

export function fixture(name: string): Report {
  return read_report(web_file(`fixtures/${name}.json`));
}

export function report_of(fields: Readonly<Record<string, unknown>>): Report {
  return read_report(JSON.stringify({ format: 'euromesh-report/1', ...fields }));
}
