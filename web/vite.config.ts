import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';
import type { EnvironmentOptions, Plugin } from 'vite';
import { europe_plugin } from './tools/europe.js';
import { fill } from './tools/fill.js';
import { single_file_plugin } from './tools/single_file.js';

/** The development server shows a fixture: npm run dev, or FIXTURE=one-site npm run dev. */
function fixture_plugin(): Plugin {
  const usual = (path: string): string => (path.endsWith('plan.html') ? 'plan-existing-fleet' : 'three-sites');
  const json = (path: string): string => readFileSync(new URL(`./fixtures/${process.env['FIXTURE'] ?? usual(path)}.json`, import.meta.url), 'utf8');
  return { name: 'fixture', apply: 'serve', transformIndexHtml: (html, context) => fill(html, json(context.path)) };
}

/** Built one by one: pages that are built together share chunks, and a page of one file can share nothing. */
function page(input: string, options: { empty: boolean }): EnvironmentOptions {
  return { consumer: 'client', build: { rollupOptions: { input }, ...(options.empty ? {} : { emptyOutDir: false }) } };
}

export default defineConfig({
  base: './',
  plugins: [europe_plugin(), fixture_plugin(), single_file_plugin()],
  server: { open: '/report.html' },
  build: {
    target: 'es2020',
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 500,
  },
  environments: { client: page('report.html', { empty: true }), plan: page('plan.html', { empty: false }) },
  builder: {
    buildApp: async (builder) => {
      for (const environment of Object.values(builder.environments)) await builder.build(environment);
    },
  },
});
