import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

const SUFFIX = '?words';

/** Of a catalogue `locales/<tag>.ftl?words`, the texts that the interface says, as a module. */
export function words(): Plugin {
  return {
    name: 'words',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith(`.ftl${SUFFIX}`)) return undefined;
      const file = id.slice(0, -SUFFIX.length);
      this.addWatchFile(file);
      const own = readFileSync(file, 'utf8')
        .split(/^(?=[a-z#])/m)
        .filter((entry) => entry.startsWith('ui-'))
        .join('');
      return `export default ${JSON.stringify(own)};`;
    },
  };
}
