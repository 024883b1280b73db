import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldMeta, Kind } from '../src/lib/api/kinds';
import { body, durationText, initial, layout, missing, visible } from '../src/lib/form/model';

const field = (name: string, more: Partial<FieldMeta> = {}): FieldMeta => ({
  name,
  label: name,
  required: false,
  shape: { type: 'text' },
  ...more,
});

const provider: Kind = {
  model: 'authentik_providers_oauth2.oauth2provider',
  path: 'providers/oauth2',
  title: 'OAuth2/OpenID Provider',
  plural: '',
  component: '',
  space: 'provider',
  key: 'int',
  lookup: 'pk',
  creatable: true,
  fields: [
    field('name', { required: true }),
    field('client_id'),
    field('client_secret', { shape: { type: 'secret' } }),
    field('client_type', {
      default: 'confidential',
      shape: {
        type: 'choice',
        choices: [
          { value: 'confidential', label: 'Confidential' },
          { value: 'public', label: 'Public' },
        ],
      },
    }),
    field('access_token_validity', { default: 'hours=1', shape: { type: 'duration' } }),
    field('signing_key', {
      nullable: true,
      shape: { type: 'reference', target: { space: 'certificate', path: 'crypto/certificatekeypairs', model: null, key: 'uuid' } },
    }),
    field('redirect_uris', {
      required: true,
      shape: {
        type: 'list',
        item: {
          type: 'object',
          fields: [
            field('matching_mode', { shape: { type: 'choice', choices: [{ value: 'strict', label: 'Strict' }] } }),
            field('url', { shape: { type: 'url' } }),
          ],
        },
      },
    }),
    field('new_of_server', { group: 'Somewhere else' }),
    field('internal', { read_only: true }),
    field('not_built', { widget: 'unavailable' }),
  ],
};

const all = (kind: Kind): FieldMeta[] => {
  const plan = layout(kind);
  return [...plan.main, ...plan.folds.flatMap((fold) => fold.fields)];
};

test('the preset decides the order, and no field of the server is lost but those without a choice', () => {
  const plan = layout(provider);
  assert.deepEqual(
    plan.main.map((entry) => entry.name),
    ['name', 'client_type', 'redirect_uris'],
  );
  assert.ok(plan.folds.some((fold) => fold.title === 'Somewhere else' && fold.fields[0]?.name === 'new_of_server'));
  assert.deepEqual(
    all(provider)
      .map((entry) => entry.name)
      .sort(),
    provider.fields
      .filter((entry) => !entry.read_only && entry.widget !== 'unavailable')
      .map((entry) => entry.name)
      .sort(),
  );
});

test('a new object sends what is needed and what differs from the default', () => {
  const fields = all(provider);
  const values = initial(provider, fields, undefined, {});
  Object.assign(values, {
    name: 'app',
    access_token_validity: '10m',
    redirect_uris: [
      { matching_mode: 'strict', url: 'http://a/' },
      { matching_mode: 'strict', url: '' },
    ],
  });
  assert.deepEqual(body(fields, values, {}, false), {
    name: 'app',
    access_token_validity: 'minutes=10',
    redirect_uris: [{ matching_mode: 'strict', url: 'http://a/' }],
  });
});

test('an edited object sends only what changed, and keeps secrets that were not typed', () => {
  const fields = all(provider).map((entry) => (entry.name === 'client_secret' ? { ...entry, write_only: true } : entry));
  const row = {
    name: 'app',
    client_id: 'x',
    client_type: 'confidential',
    access_token_validity: 'hours=1',
    signing_key: 'k',
    redirect_uris: [],
  };
  const before = initial(provider, fields, row, {});
  const values = { ...structuredClone(before), signing_key: null, client_secret: '' };
  assert.deepEqual(body(fields, values, before, true), { signing_key: null });
});

test('required fields are named before the server is asked', () => {
  const fields = all(provider);
  assert.deepEqual(Object.keys(missing(fields, initial(provider, fields, undefined, {}), false)), ['name']);
});

test('the client secret is for confidential clients', () => {
  const secret = all(provider).find((entry) => entry.name === 'client_secret');
  assert.ok(secret);
  assert.equal(visible(secret, { client_type: 'confidential' }), true);
  assert.equal(visible(secret, { client_type: 'public' }), false);
});

test('durations may be typed short', () => {
  assert.equal(durationText('10m'), 'minutes=10');
  assert.equal(durationText('1h 30m'), 'hours=1;minutes=30');
  assert.equal(durationText('days=30'), 'days=30');
  assert.equal(durationText('soon'), 'soon');
});

test('a stored secret that nobody replaced is not sent', () => {
  const fields = all(provider).filter((entry) => entry.name === 'client_secret');
  const stored = { client_secret: '*****' };
  assert.deepEqual(body(fields, stored, stored, true), {});
  assert.deepEqual(body(fields, { client_secret: '' }, stored, true), {});
  assert.deepEqual(body(fields, { client_secret: 'new' }, stored, true), { client_secret: 'new' });
});
