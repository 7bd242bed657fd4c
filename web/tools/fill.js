// Puts the data of a run or a plan into the template, as the C++ program does. Used by the development server, by the tests
// and, from the command line, to look at a fixture: node tools/fill.js fixtures/three-sites.json out.html

import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export const placeholder = '/*REPORT_DATA*/';

/**
 * `<` becomes \u003c, so that no string of the data can close the script element or open a comment in it.
 * @param {string} template
 * @param {string} json
 */
export function fill(template, json) {
  const [head, tail, ...more] = template.split(placeholder);
  if (head === undefined || tail === undefined || more.length > 0) throw new Error(`template must contain ${placeholder} exactly once`);
  return head + json.replaceAll('<', '\\u003c') + tail;
}

/**
 * The page that reads data of this format.
 * @param {string} json
 */
export function page_for(json) {
  return /"format"\s*:\s*"euromesh-plan\//.test(json) ? 'plan.html' : 'report.html';
}

function main() {
  const [json_path, out_path] = process.argv.slice(2);
  if (json_path === undefined || out_path === undefined) throw new Error('usage: node tools/fill.js DATA.json OUT.html');
  const json = readFileSync(json_path, 'utf8');
  const template = readFileSync(new URL(`../dist/${page_for(json)}`, import.meta.url), 'utf8');
  writeFileSync(out_path, fill(template, json));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
