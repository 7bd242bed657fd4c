// Build step: folds the scripts and styles that Vite made into the page itself, and allows exactly that script by its hash
// (Content-Security-Policy), so that a string in the data could not run even if it reached the page as markup.

import { createHash } from 'node:crypto';
import type { Plugin, Rollup } from 'vite';

type Bundle = Rollup.OutputBundle;

/** Everything of the bundle except the page, joined by kind; the entries leave the bundle. */
function take(bundle: Bundle, suffix: string): string {
  let text = '';
  for (const [name, item] of Object.entries(bundle)) {
    if (!name.endsWith(suffix)) continue;
    text += item.type === 'chunk' ? item.code : String(item.source);
    delete bundle[name];
  }
  return text.trim();
}

/** A script element ends at the first `</script`, and `<!--` changes how it is read: neither may stand in its text. */
function script_safe(code: string): string {
  return code.replace(/<\/(script)/gi, '<\\/$1').replaceAll('<!--', '\\x3c!--');
}

function without_links(html: string): string {
  return html
    .replace(/\s*<script type="module"[^>]*src="[^"]*"[^>]*><\/script>/g, '')
    .replace(/\s*<link rel="(?:stylesheet|modulepreload)"[^>]*>/g, '');
}

export function inline(html: string, code: string, style: string): string {
  const script = script_safe(code);
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'`;
  const head = `<meta http-equiv="Content-Security-Policy" content="${policy}">\n<style>${style}</style>\n</head>`;
  return without_links(html)
    .replace('</head>', () => head)
    .replace('</body>', () => `<script type="module">${script}</script>\n</body>`);
}

export function single_file_plugin(): Plugin {
  return {
    name: 'single-file',
    enforce: 'post',
    apply: 'build',
    generateBundle(_options, bundle) {
      const code = take(bundle, '.js');
      const style = take(bundle, '.css');
      for (const item of Object.values(bundle)) {
        if (item.type !== 'asset' || !item.fileName.endsWith('.html')) throw new Error(`not folded into the page: ${item.fileName}`);
        item.source = inline(String(item.source), code, style);
      }
    },
  };
}
