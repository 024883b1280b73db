import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FieldMeta, Kind, Shape } from '../src/lib/api/kinds';
import { check } from '../src/lib/form/check';
import { blueprint, curl, inTerraform, shareable, terraform, type Names } from '../src/lib/form/code';
import { compare } from '../src/lib/form/conflict';
import { draft, draftKey, forget, keep, recall } from '../src/lib/form/draft';
import { field, simple } from '../src/lib/form/model';

const of = (type: Shape['type'], more: Partial<FieldMeta> = {}): FieldMeta => field('it', 'It', { shape: { type } as Shape, ...more });

test('a value is checked as the server will', () => {
  const rows: [FieldMeta, unknown, RegExp | undefined][] = [
    [of('slug'), 'flask-app_2', undefined],
    [of('slug'), 'flask app', /letters, digits/],
    [of('email'), 'a@b', undefined],
    [of('email'), 'nobody', /e-mail/],
    [of('duration'), 'minutes=10', undefined],
    [of('duration'), '10m', undefined],
    [of('duration'), 'hours=1;minutes=30', undefined],
    [of('duration'), 'ten minutes', /number with a unit/],
    [of('duration'), 'fortnights=1', /number with a unit/],
    [of('integer', { min: 1, max: 9 }), 0, /1 or more/],
    [of('integer', { min: 1, max: 9 }), 10, /9 or less/],
    [of('integer'), 1.5, /whole/],
    [of('text', { max_length: 3 }), 'four', /at most 3/],
    [of('slug'), '', undefined],
  ];
  for (const [field, value, wanted] of rows) {
    const said = check(field, value);
    if (wanted) assert.match(said ?? '', wanted, String(value));
    else assert.equal(said, undefined, String(value));
  }
});

test('a duration of one number has a unit to choose; others stay text', () => {
  assert.deepEqual(simple('days=30'), { number: '30', unit: 'days' });
  assert.deepEqual(simple('10m'), { number: '10', unit: 'minutes' });
  assert.deepEqual(simple(' 5 '), { number: '5', unit: '' });
  for (const text of ['hours=1;minutes=30', 'fortnights=2', '', '-1']) assert.equal(simple(text), undefined, text);
});

const fields = [of('text', { name: 'name' }), of('text', { name: 'url' }), of('text', { name: 'note' }), of('secret', { name: 'secret' })];

test('a conflict shows what they changed, and what both did', () => {
  const before = { name: 'a', url: 'u', note: 'n', secret: '' };
  const mine = { name: 'mine', url: 'u', note: 'my note', secret: '' };
  const now = { name: 'theirs', url: 'their url', note: 'n', secret: 'x' };
  assert.deepEqual(compare(fields, before, mine, now), {
    theirs: [
      { name: 'name', before: 'a', after: 'theirs', mine: { value: 'mine' } },
      { name: 'url', before: 'u', after: 'their url' },
    ],
    kept: true,
  });
  assert.deepEqual(compare(fields, before, { ...before, name: 'theirs' }, { ...before, name: 'theirs' }).theirs[0]?.mine, undefined);
});

test('a draft keeps what was entered, no secret, for one person and one day', () => {
  const kept = new Map<string, string>();
  globalThis.localStorage = new Proxy({} as Storage, {
    ownKeys: () => [...kept.keys()],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (_, name) =>
      ({
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, text: string) => void kept.set(key, text),
        removeItem: (key: string) => void kept.delete(key),
      })[name as 'getItem'],
  });
  const before = { name: '', url: '', note: '', secret: '' };
  const key = draftKey(5, 'x.thing', undefined);
  keep(key, draft(fields, { ...before, name: 'Wiki', secret: 'hush' }, before), 1000);
  assert.doesNotMatch(kept.get(key) ?? '', /hush/);
  assert.deepEqual(recall(key, fields, before, 2000), { at: 1000, values: { name: 'Wiki' } });
  assert.equal(recall(draftKey(6, 'x.thing', undefined), fields, before, 2000), undefined, 'of somebody else');
  assert.equal(recall(key, fields, { ...before, name: 'Wiki' }, 2000), undefined, 'what is saved by now');
  assert.equal(recall(key, fields, before, 1000 + 86_400_001), undefined);
  assert.equal(kept.size, 0, 'what is old is removed');
  keep(key, { name: 'Wiki' }, 1000);
  forget(key);
  assert.equal(kept.size, 0);
});

const kind = {
  model: 'authentik_providers_oauth2.oauth2provider',
  path: 'providers/oauth2',
  title: 'OAuth2/OpenID Provider',
  pk: 'pk',
  lookup: 'id',
  label: 'name',
  ordering: ['name'],
  fields: [
    of('text', { name: 'name' }),
    field('authorization_flow', 'Authorization flow', {
      shape: {
        type: 'reference',
        target: { space: 'flow', path: 'flows/instances', model: null, key: 'uuid', pk: 'pk', named: ['slug', 'title'] },
      },
    }),
    field('property_mappings', 'Scopes', {
      shape: {
        type: 'list',
        item: {
          type: 'reference',
          target: { space: 'm', path: 'propertymappings/all', model: null, key: 'uuid', pk: 'pk', named: ['name'] },
        },
      },
    }),
    of('secret', { name: 'client_secret' }),
  ],
} as unknown as Kind;
const values = { name: "Ann's ${wiki}", authorization_flow: 'f-1', property_mappings: ['m-1'], client_secret: 'hush' };
const names: Names = new Map([
  ['f-1', { model: 'authentik_flows.flow', path: 'flows/instances', pk: 'pk', field: 'slug', value: 'default-consent' }],
  [
    'm-1',
    {
      model: 'authentik_providers_oauth2.scopemapping',
      path: 'propertymappings/all',
      pk: 'pk',
      field: 'managed',
      value: 'goauthentik.io/openid',
    },
  ],
]);

test('code names other objects by their names, and holds no secret and no key of this server', () => {
  const shown = shareable(kind, values);
  const texts = [blueprint(kind, shown, names), terraform(kind, shown, names), curl(kind, shown, names, 'https://id.example', false)];
  for (const text of texts) {
    assert.doesNotMatch(text, /f-1|m-1|hush|__named/);
    assert.match(text, /default-consent/);
  }
  const [asBlueprint = '', asTerraform = '', asCurl = ''] = texts;
  assert.match(asBlueprint, /authorization_flow: !Find \[authentik_flows\.flow, \[slug, "default-consent"\]\]/);
  assert.match(asBlueprint, /- !Find \[authentik_providers_oauth2\.scopemapping, \[managed, "goauthentik\.io\/openid"\]\]/);
  assert.match(asTerraform, /data "authentik_flow" "default_consent" \{\n {2}slug = "default-consent"\n\}/);
  assert.match(asTerraform, /resource "authentik_provider_oauth2" "ann_s_wiki" \{/);
  assert.match(asTerraform, /name += "Ann's \$\$\{wiki\}"/, 'nothing is evaluated');
  assert.match(asTerraform, /authorization_flow = data\.authentik_flow\.default_consent\.id/);
  assert.match(asCurl, /FLOW_DEFAULT_CONSENT=\$\(curl /);
  assert.match(asCurl, /"authorization_flow": '"\$FLOW_DEFAULT_CONSENT"'/);
  assert.match(asCurl, /Ann'\\''s/, 'the shell reads it as it is');
  assert.equal(inTerraform(kind), true);
  assert.equal(inTerraform({ ...kind, model: 'authentik_x.unheard' }), false);
});
