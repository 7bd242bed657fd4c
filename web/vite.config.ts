import { readFileSync } from 'node:fs';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { europe_plugin } from './tools/europe.js';
import { fill } from './tools/fill.js';
import { single_file_plugin } from './tools/single_file.js';

/** The development server shows a fixture: npm run dev, or FIXTURE=one-site npm run dev. */
function fixture_plugin(): Plugin {
  const name = process.env['FIXTURE'] ?? 'three-sites';
  const json = (): string => readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8');
  return { name: 'fixture', apply: 'serve', transformIndexHtml: (html) => fill(html, json()) };
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
    rollupOptions: { input: 'report.html' },
  },
});
