import { readFileSync } from 'node:fs';
import { FluentResource } from '@fluent/bundle';
import type { Plugin } from 'vite';
import type { Pattern, Texts } from './src/lib/words';

const SUFFIX = '?words';

/**
 * Of a catalogue `locales/<tag>.ftl?words`, the texts that the interface says, as a module. They are read here: what reads
 * Fluent weighs more than all that a page says.
 */
export function words(): Plugin {
  return {
    name: 'words',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith(`.ftl${SUFFIX}`)) return undefined;
      const file = id.slice(0, -SUFFIX.length);
      this.addWatchFile(file);
      const texts: Texts = {};
      for (const { id: name, value } of new FluentResource(readFileSync(file, 'utf8')).body) {
        if (name.startsWith('ui-') && value) texts[name] = pattern(value);
      }
      return `export default ${JSON.stringify(texts)};`;
    },
  };
}

type Value = NonNullable<FluentResource['body'][number]['value']>;

/** What the interface's texts are made of; anything else of Fluent ends the build. */
function pattern(value: Value): Pattern {
  if (typeof value === 'string') return value;
  return value.map((part) => {
    if (typeof part === 'string') return part;
    if (part.type === 'var') return { place: part.name };
    if (part.type === 'select' && part.selector.type === 'var') {
      const forms = part.variants.map(({ key, value }) => [String(key.value), pattern(value)] as const);
      return { number: part.selector.name, forms: Object.fromEntries(forms) };
    }
    throw new Error(`Texts of the interface have no ${part.type}.`);
  });
}
