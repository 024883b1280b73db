import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toError } from '../src/lib/api/client';
import { ago, duration, initials, slug } from '../src/lib/format';
import { load, t } from '../src/lib/words';
import { strange } from '../src/lib/words/pseudo';

await load('en');

test('errors of the server go to their fields', () => {
  const error = toError(400, {
    name: ['This field must be unique.'],
    redirect_uris: [{}, { url: ['Enter a valid URL.'] }],
    non_field_errors: ['No.'],
  });
  assert.deepEqual(error.fields, { name: ['This field must be unique.'], 'redirect_uris.1.url': ['Enter a valid URL.'] });
  assert.equal(error.message, 'No.');
  assert.equal(toError(404, { detail: 'No Group matches the given query.' }).message, 'No Group matches the given query.');
  assert.match(toError(500, null).message, /500/);
  assert.deepEqual(toError(400, { for_user: 'User not found' }).fields, { for_user: ['User not found'] });
});

test('a slug is proposed from the name', () => {
  assert.equal(slug('Flask SSO App'), 'flask-sso-app');
  assert.equal(slug('  Büro & Co. '), 'buro-co');
});

test('times are told as people do', () => {
  const now = Date.parse('2026-01-10T12:00:00Z');
  assert.equal(ago('2026-01-10T11:59:50Z', now), 'just now');
  assert.equal(ago('2026-01-10T11:57:00Z', now), '3 min. ago');
  assert.equal(ago('2026-01-12T12:00:00Z', now), 'in 2 days');
  assert.equal(ago(null, now), '—');
  assert.equal(duration('hours=1;minutes=30'), '1 hour, 30 minutes');
});

test('initials', () => {
  assert.equal(initials('authentik Default Admin'), 'AA');
  assert.equal(initials('max'), 'MA');
});

test('texts are said with their places and in the form of the number', () => {
  assert.equal(t('ui-edit-it', { name: 'Wiki' }), 'Edit Wiki');
  assert.equal(t('ui-sessions-ended', { count: 1 }), '1 session ended.');
  assert.equal(t('ui-sessions-ended', { count: 3 }), '3 sessions ended.');
  assert.equal(t('no-such-text'), 'no-such-text');
  // What the server's pages say is not part of what the browser loads.
  assert.equal(t('sign-in'), 'sign-in');
  assert.equal(strange('Sign in, 3 times'), 'Şīɠƞ īƞ, 3 ŧīḿḗḗş');
});
