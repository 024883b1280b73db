import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSecret, preview, reversed, type Change, type ChangedObject } from '../src/lib/changes';

type Fields = Record<string, [before: unknown, after: unknown]>;

const object = (action: ChangedObject['action'], fields: Fields = {}, key = 'wiki'): ChangedObject => ({
  model: 'authentik_core.application',
  title: 'Application',
  path: 'core/applications',
  key,
  name: key,
  action,
  fields: Object.fromEntries(Object.entries(fields).map(([name, [before, after]]) => [name, { label: name, before, after }])),
});

const edits = (...objects: ChangedObject[][]): Change[] =>
  objects.map((objects, at) => ({ revision: at + 1, at: '', user: null, client_ip: null, reason: '', objects }));

const said = (found: ChangedObject[]): string[] =>
  found.map(({ key, action, fields }) =>
    [key, action, ...Object.entries(fields ?? {}).map(([name, { before, after }]) => `${name}: ${before} > ${after}`)].join(' '),
  );

test('rolling back leads from what is there now to what was before', () => {
  const renamed = object('changed', { name: ['Wiki', 'Docs'] });
  assert.deepEqual(said(reversed(edits([renamed]))), ['wiki changed name: Docs > Wiki']);
  const later = object('changed', { name: ['Docs', 'Notes'], group: ['', 'Team'] });
  assert.deepEqual(said(reversed(edits([renamed], [later, object('changed', { name: ['a', 'b'] }, 'other')]))), [
    'wiki changed name: Notes > Wiki group: Team > ',
  ]);
});

test('what is as it was already does not change', () => {
  assert.deepEqual(reversed(edits([object('changed', { name: ['Wiki', 'Docs'] })], [object('changed', { name: ['Docs', 'Wiki'] })])), []);
  assert.deepEqual(reversed(edits([object('created')], [object('deleted')])), []);
});

test('what was made is deleted, and what is gone is made again', () => {
  assert.deepEqual(said(reversed(edits([object('created')], [object('changed', { name: ['Wiki', 'Docs'] })]))), ['wiki deleted']);
  assert.deepEqual(said(reversed(edits([object('deleted')]))), ['wiki created']);
  assert.deepEqual(said(reversed(edits([object('changed', { name: ['Wiki', 'Docs'] })], [object('deleted')]))), ['wiki created']);
});

test('of a secret it is said that it changes', () => {
  const masked = object('changed', { client_secret: ['*****', '*****'] });
  const [found] = reversed(edits([masked]));
  assert.deepEqual(said(reversed(edits([masked]))), ['wiki changed client_secret: ***** > *****']);
  assert.ok(Object.values(found?.fields ?? {}).every(isSecret));
  assert.deepEqual(said(reversed(edits([masked], [masked]))), ['wiki changed client_secret: ***** > *****']);
  const given = object('changed', { client_secret: [null, '*****'] });
  assert.deepEqual(said(reversed(edits([given], [masked]))), ['wiki changed client_secret: ***** > null']);
  assert.ok(!isSecret({ before: null, after: '*****' }) && !isSecret({ before: 'a', after: 'a' }));
});

test('a preview says whether all later changes were looked at', async () => {
  const [first] = edits([object('changed', { name: ['Wiki', 'Docs'] })]);
  assert.ok(first);
  const asked: number[] = [];
  const answers = (count: number) => (url: string | URL | Request) => {
    const page = Number(new URL(String(url), 'http://localhost').searchParams.get('page'));
    asked.push(page);
    const results = Array.from({ length: 100 }, (_, at) => ({ ...first, revision: count + 1 - (page - 1) * 100 - at, objects: [] }));
    const pagination = { next: page * 100 < count + 1 ? page + 1 : 0 };
    return Promise.resolve(new Response(JSON.stringify({ pagination, results: results.filter(({ revision }) => revision > 0) })));
  };
  const real = globalThis.fetch;
  try {
    for (const [count, whole, pages] of [
      [3, true, 1],
      [499, true, 5],
      [501, false, 5],
      [9000, false, 5],
    ] as const) {
      asked.length = 0;
      globalThis.fetch = answers(count);
      const found = await preview(first);
      assert.deepEqual([said(found.objects), found.whole, asked.length], [['wiki changed name: Docs > Wiki'], whole, pages], String(count));
    }
  } finally {
    globalThis.fetch = real;
  }
});
