import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldMeta, Kind } from '../src/lib/api/kinds';
import {
  actions,
  body,
  durationText,
  empty,
  field,
  initial,
  isEmpty,
  layout,
  missing,
  offered,
  same,
  visible,
} from '../src/lib/form/model';
import { option, preferred } from '../src/lib/form/options';
import boat from './kind.json';

const FIELDS = [
  field('name', 'Name', { required: true }),
  field('client_id', 'Client ID'),
  field('client_secret', 'Client Secret', { shape: { type: 'secret' }, show_if: { field: 'client_type', value: 'confidential' } }),
  field('client_type', 'Client type', {
    default: 'confidential',
    shape: {
      type: 'choice',
      choices: [
        { value: 'confidential', label: 'Confidential', offered: true },
        { value: 'public', label: 'Public', offered: true },
        { value: 'internal', label: 'Internal', offered: false },
      ],
    },
  }),
  field('access_token_validity', 'Validity', { default: 'hours=1', shape: { type: 'duration' } }),
  field('signing_key', 'Signing key', {
    nullable: true,
    shape: {
      type: 'reference',
      target: { space: 'certificate', path: 'crypto/certificatekeypairs', model: null, key: 'uuid', pk: 'pk', named: ['name'] },
    },
  }),
  field('redirect_uris', 'Redirect URIs', {
    required: true,
    shape: {
      type: 'list',
      item: {
        type: 'object',
        fields: [
          field('matching_mode', 'Mode', { shape: { type: 'choice', choices: [{ value: 'strict', label: 'Strict', offered: true }] } }),
          field('url', 'URL', { shape: { type: 'url' } }),
        ],
      },
    },
  }),
];
const declared = boat as unknown as Kind;

const names = (fields: FieldMeta[]): string[] => fields.map((entry) => entry.name);
const named = (name: string): FieldMeta => {
  const found = declared.fields.find((entry) => entry.name === name);
  assert.ok(found);
  return found;
};

test('a declared kind has a grouped form: the order, the folds and what is hidden come from the declaration', () => {
  const plan = layout(declared);
  assert.deepEqual(names(plan.main), ['name', 'rig', 'slug', 'berth', 'picture']);
  assert.deepEqual(
    plan.folds.map((fold) => [fold.title, fold.summary, fold.open, names(fold.fields)]),
    [
      ['Papers', 'Where it is registered', false, ['flag', 'certificate']],
      ['Voyage', '', true, ['leave', 'crew']],
    ],
  );
  assert.deepEqual(names(layout(declared, ['rig', 'flag', 'certificate']).main), ['name', 'slug', 'berth', 'picture']);
  assert.deepEqual(
    layout(declared, ['flag', 'certificate']).folds.map((fold) => fold.title),
    ['Voyage'],
    'a fold without fields is none',
  );
  const must = layout(declared, [], ['berth']).main.find((entry) => entry.name === 'berth');
  assert.equal(must?.required, true);
});

test('a reference to what this server does not have cannot be chosen', () => {
  const berth = named('berth');
  assert.ok(berth.shape.target);
  const without = { ...berth, shape: { ...berth.shape, target: { ...berth.shape.target, path: '' } } };
  const kind = { ...declared, fields: [without] };
  assert.deepEqual(layout(kind).main, []);
  assert.ok(berth.choose);
  assert.equal(layout({ ...kind, fields: [{ ...without, choose: { ...berth.choose, path: 'harbour/free' } }] }).main.length, 1);
});

test('a new object begins with what is declared, what is handed over first', () => {
  const fields = [...layout(declared).main, ...layout(declared).folds.flatMap((fold) => fold.fields)];
  const values = initial(fields, undefined, { flag: 'NL' });
  assert.deepEqual(
    { ...values },
    {
      name: '',
      rig: 'sloop',
      slug: '',
      berth: null,
      picture: '',
      flag: 'NL',
      certificate: '',
      leave: 'days=1',
      crew: ['Ada'],
    },
  );
  assert.deepEqual(initial(fields, { crew: [] }, {}).crew, [], 'an object has what it has');
});

test('choices that the server keeps for itself are not offered, but stay where they are', () => {
  const { shape } = named('rig');
  const values = (now?: unknown): string[] => offered(shape, now).map((choice) => choice.value);
  assert.deepEqual(values(), ['sloop', 'cat']);
  assert.deepEqual(values('unknown'), ['sloop', 'cat', 'unknown']);
});

test('what is preferred is chosen on a new object, or the only one there is', () => {
  const { choose, shape } = named('berth');
  assert.ok(shape.target);
  const berths = [1, 2, 3].map((number) => option(shape.target!, { pk: `b${number}`, number, name: `Quay ${number}` }));
  const values = (from: typeof berths): unknown[] => preferred(choose, from).map((found) => found.value);
  assert.deepEqual(values(berths), ['b1', 'b2']);
  assert.deepEqual(values(berths.slice(2)), ['b3'], 'the only one');
  assert.deepEqual(preferred({ ...choose!, only: false }, berths.slice(2)), []);
  assert.deepEqual(preferred(null, berths), []);
});

test('objects are named as their declaration says', () => {
  const { target } = named('berth').shape;
  assert.ok(target);
  assert.equal(option(target, { pk: 'x', number: 7, name: 'North' }).label, '7 (North)');
  assert.equal(option(target, { pk: 'x', number: '', name: 'North' }).label, 'North');
  assert.equal(option({ ...target, named: ['name'] }, { pk: 'x' }).label, 'x');
  assert.equal(option({ ...target, pk: 'brand_uuid' }, { brand_uuid: 'u', name: 'n' }).value, 'u');
});

test('what an action sets is not part of the edit', () => {
  const send = { name: 'Ship', picture: 'https://example.org/ship.svg' };
  assert.deepEqual(actions(declared, send), [{ action: 'set_picture', field: 'picture', body: { url: 'https://example.org/ship.svg' } }]);
  assert.deepEqual(send, { name: 'Ship' });
  assert.deepEqual(actions(declared, { picture: '' }), [{ action: 'set_picture', field: 'picture', body: { clear: true } }]);
  assert.deepEqual(actions(declared, { name: 'Ship' }), []);
});

test('every shape has an empty value, and empty is what nobody entered', () => {
  const value = (type: FieldMeta['shape']['type']): unknown => empty({ type });
  assert.deepEqual(
    [value('boolean'), value('list'), value('map'), value('integer'), value('time'), value('text')],
    [false, [], {}, null, null, ''],
  );
  assert.deepEqual(empty(FIELDS[6]!.shape.item!), { matching_mode: '', url: '' });
  assert.deepEqual(
    [isEmpty(''), isEmpty(null), isEmpty(undefined), isEmpty(0), isEmpty(false), isEmpty([])],
    [true, true, true, false, false, false],
  );
  assert.ok(same(undefined, null) && same({ a: [1] }, { a: [1] }) && !same('', null));
});

test('a new object sends what is needed and what differs from the default', () => {
  const fields = FIELDS;
  const values = initial(fields, undefined, {});
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
  const fields = FIELDS.map((entry) => (entry.name === 'client_secret' ? { ...entry, write_only: true } : entry));
  const row = {
    name: 'app',
    client_id: 'x',
    client_type: 'confidential',
    access_token_validity: 'hours=1',
    signing_key: 'k',
    redirect_uris: [],
  };
  const before = initial(fields, row, {});
  const values = { ...structuredClone(before), signing_key: null, client_secret: '' };
  assert.deepEqual(body(fields, values, before, true), { signing_key: null });
});

test('required fields are named before the server is asked', () => {
  const fields = FIELDS;
  assert.deepEqual(Object.keys(missing(fields, initial(fields, undefined, {}), false)), ['name']);
});

test('the client secret is for confidential clients', () => {
  const secret = FIELDS.find((entry) => entry.name === 'client_secret');
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
  const fields = FIELDS.filter((entry) => entry.name === 'client_secret');
  const stored = { client_secret: '*****' };
  assert.deepEqual(body(fields, stored, stored, true), {});
  assert.deepEqual(body(fields, { client_secret: '' }, stored, true), {});
  assert.deepEqual(body(fields, { client_secret: 'new' }, stored, true), { client_secret: 'new' });
});
