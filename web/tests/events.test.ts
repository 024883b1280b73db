import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '../src/lib/api/types';
import { line, parts } from '../src/lib/events';
import { toggled } from '../src/lib/list/spec';

const akadmin = { pk: 4, username: 'akadmin', email: '' };
const nina = { pk: 5, username: 'nina', email: '' };

const event = (action: string, more: Partial<Event> = {}): Event => ({
  pk: 'x',
  action,
  app: '',
  user: nina,
  context: {},
  client_ip: null,
  expires: '2027-01-10T12:00:00Z',
  created: '',
  brand: {},
  actor: { type: 'user', ...akadmin },
  subject: nina,
  ...more,
});

test('the log names who did it, then whom it concerns', () => {
  assert.equal(line(event('password_set')), 'akadmin set the password of nina');
  assert.equal(line(event('password_set', { actor: { type: 'user', ...nina } })), 'nina set their own password');
  assert.equal(
    line(event('user_write', { actor: { type: 'user', ...akadmin, through: 'flow import' } })),
    'akadmin changed nina (flow import)',
  );
  assert.equal(
    line(event('user_write', { actor: { type: 'blueprint', username: '', through: 'blueprint staff' } })),
    'Blueprint staff changed nina',
  );
  assert.equal(
    line(event('password_set', { actor: { type: 'console', username: '' } })),
    'Somebody at the server’s console set the password of nina',
  );
  assert.equal(line(event('impersonation_started')), 'akadmin started to act as nina');
  const context = { model: { app: 'authentik_core', model_name: 'group', name: 'Team' } };
  const acting = { type: 'user' as const, ...akadmin, on_behalf_of: nina };
  assert.equal(line(event('model_updated', { actor: acting, subject: null, context })), 'akadmin as nina updated group Team');
});

test('a failed sign-in is done by nobody known, to the account that was tried', () => {
  const anonymous = { type: 'anonymous' as const, username: '' };
  assert.equal(line(event('login_failed', { actor: anonymous })), 'Somebody failed to sign in as nina');
  assert.equal(
    line(event('login_failed', { actor: anonymous, subject: null, context: { username: 'tom' } })),
    'Somebody failed to sign in as tom',
  );
  assert.equal(line(event('login', { actor: { type: 'user', ...nina } })), 'nina signed in');
});

test('an event from before that was recorded names the account it has', () => {
  assert.equal(line(event('login', { actor: null, subject: null })), 'nina signed in');
  assert.equal(line(event('logout', { actor: undefined, subject: undefined })), 'nina signed out');
  const refused = { actor: null, subject: null, context: { username: 'nina' } };
  assert.equal(line(event('login_failed', refused)), 'Somebody failed to sign in as nina');
});

test('of two chips about one field only the last is lit', () => {
  const chips = [
    { label: 'Failed', query: { action: 'login_failed' } },
    { label: 'Logins', query: { action: 'login' } },
    { label: 'Active', query: { is_active: true } },
  ];
  assert.deepEqual(toggled(chips, ['Failed', 'Active'], 'Logins'), ['Active', 'Logins']);
  assert.deepEqual(toggled(chips, ['Active', 'Logins'], 'Logins'), ['Active']);
});

test('names in the sentence of an event lead to what they name', () => {
  const model = { app: 'authentik_core', model_name: 'group', pk: '0123456789abcdef0123456789abcdef', name: 'Team' };
  assert.deepEqual(parts(event('model_updated', { subject: null, context: { model } })), [
    { text: 'akadmin', href: '#/identity/users/4' },
    { text: ' ' },
    { text: 'updated group ' },
    { text: 'Team', href: '#/identity/groups/01234567-89ab-cdef-0123-456789abcdef' },
  ]);
  assert.deepEqual(
    parts(event('password_set')).map((part) => part.href),
    ['#/identity/users/4', undefined, undefined, '#/identity/users/5'],
  );
  assert.deepEqual(parts(event('configuration_error', { actor: null, subject: null, context: { message: 'It failed' } })), [
    { text: 'It failed' },
  ]);
});
