import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reversed, type Change, type ChangedObject } from '../src/lib/changes';

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
