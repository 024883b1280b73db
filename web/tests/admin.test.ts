// What the administrator's side says is in its catalogues, and nothing else is.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FluentResource } from '@fluent/bundle';
import { KEYS } from '../src/lib/list/keys';
import { SPANS } from '../src/lib/list/filters';
import { short } from '../src/lib/words/short';

// The areas know of the browser's address.
Object.assign(globalThis, { location: { hash: '' }, window: { addEventListener: () => undefined } });
const { sections, AREAS } = await import('../src/pages/areas');

const LANGUAGES = ['de', 'es', 'fr'];
type Value = NonNullable<FluentResource['body'][number]['value']>;

/** A text as the program writes it, and its places. */
function written(value: Value | null): string {
  if (typeof value === 'string') return value;
  return (value ?? []).map((part) => (typeof part === 'string' ? part : part.type === 'var' ? `{ $${part.name} }` : '?')).join('');
}
const places = (text: string): string[] => [...text.matchAll(/\{ \$(\w+) \}/g)].map((found) => found[1] ?? '').sort();

function catalogue(tag: string): Map<string, string> {
  const { body } = new FluentResource(readFileSync(`../locales/admin/${tag}.ftl`, 'utf8'));
  const found = new Map(body.map(({ id, value }) => [id, written(value)]));
  assert.equal(found.size, body.length, `${tag}: a name is there twice`);
  return found;
}

const english = catalogue('en');
const known = new Set(english.values());

function files(folder: string, ends: string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => ends.some((end) => name.endsWith(end)) && !/(^|\/)(target|tests|node_modules)\//.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
}

test('no two texts share a short name', () => {
  assert.equal(new Set([...known].map(short)).size, english.size);
});

const own = files('src', ['.svelte', '.ts']);

test('every text of the pages and lists is in the catalogue', () => {
  const said = own.flatMap((text) =>
    [...text.matchAll(/(?<![.\w])say\(\s*'((?:\\'|[^'])*)'/g)].map((found) => (found[1] ?? '').replaceAll("\\'", "'")),
  );
  assert.ok(said.length > 200);
  const navigation = sections([]).flatMap(({ title, items }) => [title, ...items.map(({ text }) => text)]);
  const lists = AREAS.flatMap(({ list }) => [
    list.title,
    list.intro,
    list.noun,
    list.plural,
    list.empty.title,
    list.empty.text,
    ...(list.chips ?? []).map(({ label }) => label),
    ...(list.filters ?? []).flatMap((filter) => [filter.label, ...('choices' in filter ? filter.choices.map(({ label }) => label) : [])]),
    ...(list.bulk ?? []).map(({ text }) => text),
    ...(list.extra ?? []).map(({ label }) => label),
  ]);
  const keys = KEYS.map(([, does]) => does);
  const spans = Object.values(SPANS).map(({ text }) => text);
  const missing = [...said, ...navigation, ...lists, ...keys, ...spans].filter((text) => !known.has(text));
  assert.deepEqual([...new Set(missing)].sort(), []);
});

test('every text of the catalogue is said by a page or a declaration', () => {
  const all = [...own, ...files('../crates', ['.rs'])]
    .join('\n')
    .replaceAll(/\\?\n\s*(\/\/\/ )?/g, ' ')
    .replaceAll("\\'", "'");
  assert.deepEqual(
    [...known].filter((text) => !all.includes(text)),
    [],
  );
});

for (const tag of LANGUAGES) {
  test(`${tag} says everything, with every place`, () => {
    const texts = catalogue(tag);
    assert.deepEqual([...texts.keys()], [...english.keys()]);
    const wrong = [...texts].filter(([name, text]) => places(text).join() !== places(english.get(name) ?? '').join());
    assert.deepEqual(wrong, []);
    const same = [...texts].filter(([name, text]) => text === english.get(name) && text.includes(' '));
    assert.ok(same.length <= 5, `in English: ${same.map(([name]) => name).join()}`);
    const long = [...texts].filter(([name, text]) => text.length > 30 && text.length > 2.5 * (english.get(name)?.length ?? 0));
    assert.deepEqual(long, []);
  });
}
