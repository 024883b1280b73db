import { svelte } from '@sveltejs/vite-plugin-svelte';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { words } from './words.plugin';
import { yaml } from './yaml.plugin';

// Two pages, one set of hashed files. The server serves the whole of dist below
// /static/web/ and answers /if/admin/* and /if/user/* with the two pages.
// Files find each other from where they are; the pages are told by the server what it is below.
const base = '__BASE__';

export default defineConfig({
  base: '/static/web/',
  plugins: [
    svelte(),
    words(),
    yaml(),
    {
      name: 'base-of-pages',
      apply: 'build',
      transformIndexHtml: (html) => html.replace('<html ', `<html data-base="${base}" `),
    },
  ],
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `${base}/static/web/${file}` : { relative: true }),
  },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: true,
    reportCompressedSize: true,
    rollupOptions: {
      input: {
        admin: resolve(import.meta.dirname, 'admin.html'),
        user: resolve(import.meta.dirname, 'user.html'),
      },
      output: {
        // Few files for the first page: the runtime, the frame with its lists, and forms when they are needed.
        codeSplitting: {
          groups: [
            {
              name: 'core',
              test: /node_modules[\\/](svelte|esm-env|clsx)|src[\\/]lib[\\/](?!changes|diff|Devices|reveal)[^\\/]+\.(ts|svelte)$|src[\\/]lib[\\/]api[\\/]|vite[\\/]/,
            },
            // What every page of the administration stands in: controls, and the areas that its navigation is made of.
            {
              name: 'frame',
              test: /src[\\/]lib[\\/]ui[\\/](?!Difference)|src[\\/]pages[\\/]areas[\\/]|src[\\/]lib[\\/]list[\\/](spec|bulk|filters|Embedded)\./,
            },
            // Dialogs, and what only they need, come when they are opened.
            {
              name: 'list',
              test: /src[\\/]lib[\\/]list[\\/](?!\w+Dialog|export|spec\.|bulk|filters|Embedded)|ListPage\.svelte|GroupsPage\.svelte/,
            },
            { name: 'choose', test: /src[\\/]lib[\\/]form[\\/](Reference\.|CheckList|options|shown|model)/ },
            { name: 'form', test: /src[\\/]lib[\\/]form[\\/](?!ShowAs|code|Conflict|conflict|Reference\.|CheckList|options|shown)/ },
          ],
        },
      },
    },
  },
});
