import { svelte } from '@sveltejs/vite-plugin-svelte';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { words } from './words.plugin';
import { yaml } from './yaml.plugin';

// Bundles the tests of pure modules for Node's own test runner.
const folder = resolve(import.meta.dirname, 'tests');
const input = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => [name.replace(/\.ts$/, ''), resolve(folder, name)]),
);

export default defineConfig({
  plugins: [svelte(), words(), yaml()],
  publicDir: false,
  logLevel: 'warn',
  build: { ssr: true, outDir: 'node_modules/.tests', emptyOutDir: true, rollupOptions: { input } },
});
