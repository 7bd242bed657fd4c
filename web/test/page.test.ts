// The files that are committed: complete, closed to the network, and safe to fill with anything.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fill, page_for, placeholder } from '../tools/fill.js';
import { inline } from '../tools/single_file.js';
import { web_file } from './fixture.js';

const pages = [
  { name: 'report.html', hostile: 'hostile', most: 500 },
  { name: 'plan.html', hostile: 'plan-hostile', most: 600 },
];

function count(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].length;
}

for (const { name, hostile, most } of pages) {
  const page = web_file(`dist/${name}`);

  test(`${name} holds the place for the data exactly once`, () => {
    assert.equal(page.split(placeholder).length, 2);
    assert.ok(page.includes(`<script type="application/json" id="report-data">${placeholder}</script>`));
  });

  test(`${name} refers to no other file and stays small`, () => {
    assert.equal(count(page, /<(?:link|img|iframe|object|embed)\b/g), 0);
    assert.equal(count(page, /\b(?:src|href)="(?!#)/g), 0);
    assert.equal(count(page, /url\((?!["']?data:|["']?#)/g), 0);
    assert.ok(page.length < most * 1024, `${page.length} bytes`);
  });

  test(`the policy of ${name} allows its script and no other`, () => {
    const script = /<script type="module">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(script).digest('base64');
    assert.ok(page.includes(`default-src 'none'; script-src 'sha256-${hash}'`));
  });

  test(`hostile data close no element of ${name} and open none`, () => {
    const json = web_file(`fixtures/${hostile}.json`);
    const filled = fill(page, json);
    for (const pattern of [/<\/?script/gi, /<!--/g, /<img/gi]) assert.equal(count(filled, pattern), count(page, pattern));
    assert.ok(/<(?:img|script)/i.test(json));
    const data = /id="report-data">([\s\S]*?)<\/script>/.exec(filled)?.[1] ?? '';
    assert.deepEqual(JSON.parse(data), JSON.parse(json));
    assert.equal(page_for(json), name);
  });
}

test('a template with no place or two is refused', () => {
  assert.throws(() => fill('none', '{}'), /exactly once/);
  assert.throws(() => fill(placeholder + placeholder, '{}'), /exactly once/);
});

test('code that would end its own element is made safe, and patterns in it are kept', () => {
  const html = '<html><head>\n<script type="module" crossorigin src="./a.js"></script>\n<link rel="stylesheet" href="./a.css"></head><body></body></html>';
  const folded = inline(html, "x = '</script>' + '$&' + '<!--';", 'a{}');
  assert.equal(count(folded, /<\/script>/g), 1);
  assert.ok(folded.includes("'$&'"));
  assert.equal(count(folded, /<!--|<link|src=/g), 0);
});
