import assert from 'node:assert/strict';
import { test } from 'node:test';
import page from '../../docs/quick-starts.md?raw';
import {
  address,
  change,
  example,
  fill,
  groups,
  NAMES,
  ofApp,
  ofOAuth2,
  ofSaml,
  places,
  random,
  SECRET,
  texts,
  wants,
  type Protocol,
  type Values,
} from '../src/quickstarts';

const PROTOCOLS: Protocol[] = ['oauth2', 'saml'];
const at = 'https://id.company.example/application';
const urls = {
  issuer: `${at}/o/wiki/`,
  authorize: `${at}/o/authorize/`,
  token: `${at}/o/token/`,
  user_info: `${at}/o/userinfo/`,
  provider_info: `${at}/o/wiki/.well-known/openid-configuration`,
  logout: `${at}/o/wiki/end-session/`,
  jwks: `${at}/o/wiki/jwks/`,
};
const saml = {
  issuer: 'https://id.company.example/wiki',
  url_download_metadata: `${at}/saml/wiki/metadata/`,
  url_sso_redirect: `${at}/saml/wiki/sso/binding/redirect/`,
  url_sso_post: `${at}/saml/wiki/sso/binding/post/`,
  url_slo_redirect: `${at}/saml/wiki/slo/binding/redirect/`,
};
const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n';
const VALUES: Record<Protocol, Values> = {
  oauth2: { random: random(), [SECRET]: 'secret', ...ofOAuth2('client', urls) },
  saml: ofSaml(saml, PEM),
};

const entries = async (protocol: Protocol) => (await groups(protocol)).flatMap(({ entries }) => entries);

test('there are quick starts for many applications, each once', async () => {
  assert.ok((await entries('oauth2')).length >= 40);
  for (const protocol of PROTOCOLS) {
    const slugs = (await entries(protocol)).map(({ slug }) => slug);
    assert.deepEqual(slugs, [...new Set(slugs)]);
  }
});

test('what is filled in are all the names that texts may have', () => {
  for (const protocol of PROTOCOLS) {
    const known = Object.keys({ ...VALUES[protocol], ...ofApp('https://wiki.company.example') });
    assert.deepEqual([...NAMES[protocol]].sort(), known.sort());
  }
});

test('every text of every entry is filled in, and nothing of it is empty', async () => {
  for (const protocol of PROTOCOLS) {
    for (const entry of await entries(protocol)) {
      const values = { ...VALUES[protocol], ...ofApp(example(entry)) };
      assert.equal(address(example(entry)), example(entry), entry.slug);
      assert.match(entry.docs, /^https:\/\//, entry.slug);
      for (const text of texts(entry)) {
        for (const name of places(text)) assert.ok(values[name], `${entry.slug} names @${name}@`);
        assert.doesNotMatch(fill(text, values), /@[a-z_]+@|undefined/, entry.slug);
      }
      for (const setting of entry.settings) {
        assert.ok((setting.text === undefined) !== (setting.fields === undefined), `${entry.slug}: a text or fields`);
        for (const [label, value] of Object.entries(setting.fields ?? {})) {
          assert.equal(typeof value, 'string', `${entry.slug}: ${label}`);
          // A field of a page is copied alone, so that a secret is all of it.
          if (places(value).includes(SECRET)) assert.equal(value, `@${SECRET}@`, entry.slug);
        }
      }
      const places_ = entry.settings.map((setting) => setting.in);
      assert.deepEqual(places_, [...new Set(places_)], entry.slug);
    }
  }
});

test('every entry says what the provider has to know of the application', async () => {
  for (const entry of await entries('oauth2')) {
    assert.ok(entry.redirects?.length || entry.shown, entry.slug);
    const values = { ...VALUES.oauth2, ...ofApp(example(entry)) };
    for (const { value } of wants(entry, {}, values)) assert.match(value, /^[a-z.]+:\/\/\S+$/, entry.slug);
    const secrets = texts(entry).some((text) => places(text).includes(SECRET));
    assert.equal(secrets, !entry.public, `${entry.slug} names the secret, unless it keeps none`);
  }
  for (const entry of await entries('saml')) assert.ok(entry.provider?.acs_url, entry.slug);
});

test('the address that is typed is that of the application, without a slash at its end', () => {
  assert.equal(address(' grafana.company.example/ '), 'https://grafana.company.example');
  assert.equal(address('http://localhost:5000'), 'http://localhost:5000');
  assert.equal(address('https://company.example/git/?x#y'), 'https://company.example/git');
  assert.equal(address(''), undefined);
  assert.equal(address('https://'), undefined);
});

test('what is missing is added to what the provider knows, and a pattern that fits is known', () => {
  const entry = { name: 'A', slug: 'a', docs: '', settings: [], redirects: ['@app@/one', '@app@/two', 'http://localhost:8000'] };
  const provider = {
    redirect_uris: [
      { matching_mode: 'regex', url: 'https://a\\.company\\.example/o.e' },
      { matching_mode: 'strict', url: 'http://localhost:8000' },
    ],
  };
  const list = wants(entry, provider, ofApp('https://a.company.example'));
  assert.deepEqual(
    list.map(({ done }) => done),
    [true, false, true],
  );
  assert.deepEqual(
    change(
      list.filter(({ done }) => !done),
      provider,
    ),
    {
      redirect_uris: [...provider.redirect_uris, { matching_mode: 'strict', url: 'https://a.company.example/two' }],
    },
  );
  const both = wants(
    { ...entry, redirects: undefined, provider: { acs_url: '@app@/acs', sp_binding: 'post' } },
    { sp_binding: 'post' },
    ofApp('https://a'),
  );
  assert.deepEqual(
    change(
      both.filter(({ done }) => !done),
      {},
    ),
    { acs_url: 'https://a/acs' },
  );
});

test('a key of the application’s own is long enough and another each time', () => {
  assert.match(random(), /^[A-Za-z0-9]{32}$/);
  assert.notEqual(random(), random());
});

test('the documentation names every quick start', async () => {
  for (const protocol of PROTOCOLS) {
    const section = page.split(/^## /m).find((part) => part.startsWith(protocol === 'oauth2' ? 'OAuth2' : 'SAML')) ?? '';
    const listed = [...section.matchAll(/^- (.+)$/gm)].flatMap(([, names]) =>
      (names ?? '')
        .replace(/^[^:]+: /, '')
        .replace(/\.$/, '')
        .split(', '),
    );
    assert.deepEqual(
      listed,
      (await entries(protocol)).map(({ name }) => name),
    );
  }
});
