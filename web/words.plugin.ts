import { readFileSync } from 'node:fs';
import { FluentResource } from '@fluent/bundle';
import type { Plugin } from 'vite';
import type { Pattern, Texts } from './src/lib/words';
import { short } from './src/lib/words/short';

const SUFFIX = '?words';

/**
 * Of a catalogue `locales/<tag>.ftl?words`, the texts that the interface says, as a module; of `locales/admin/<tag>.ftl?words`,
 * those of the administration by what they are in English. They are read here: what reads Fluent weighs more than all that a page says.
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
      const english = file.includes('/admin/')
        ? new Map(read(file.replace(/[^/]+$/, 'en.ftl')).map(({ id, value }) => [id, short(written(value))]))
        : undefined;
      for (const { id: name, value } of read(file)) {
        const key = english ? english.get(name) : name.startsWith('ui-') ? name : undefined;
        if (key !== undefined && value) texts[key] = pattern(value);
      }
      return `export default ${JSON.stringify(texts)};`;
    },
  };
}

const read = (file: string): FluentResource['body'] => new FluentResource(readFileSync(file, 'utf8')).body;

/** An English text as the program writes it: `Delete { $name }`. */
function written(value: Value | null): string {
  if (typeof value === 'string') return value;
  return (value ?? []).map((part) => (typeof part === 'string' ? part : part.type === 'var' ? `{ $${part.name} }` : '')).join('');
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
