import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import type { Plugin } from 'vite';

/** Data that is written as YAML, as a module: read here, so that no browser needs what reads it. */
export function yaml(): Plugin {
  return {
    name: 'yaml',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith('.yaml')) return undefined;
      this.addWatchFile(id);
      return `export default ${JSON.stringify(load(readFileSync(id, 'utf8')))};`;
    },
  };
}
