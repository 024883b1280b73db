import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ranked, score, words } from '../src/lib/search';

const FLOWS = [
  'default-authentication-flow Welcome',
  'default-provider-authorization-explicit-consent Authorize Application Redirecting to %(app)s',
  'default-provider-authorization-implicit-consent Authorize Application Redirecting to %(app)s',
];
const find = (query: string): string[] => ranked(query, FLOWS, (flow) => flow, 'flow');

test('the words of a guide find both authorization flows, explicit consent first', () => {
  for (const query of [
    'default-authorization-flow',
    'Authorize application',
    'default-authorization-flow (Authorize application)',
    'application AUTHORIZE',
  ]) {
    assert.deepEqual(find(query), FLOWS.slice(1), query);
  }
});

test('every word must be somewhere', () => {
  assert.equal(score('explicit nonsense', FLOWS[1] ?? ''), 0);
  assert.deepEqual(find('nonsense'), []);
});

test('an empty search keeps the order', () => {
  assert.deepEqual(find(' '), FLOWS);
});

test('whole words and good starts come first', () => {
  assert.deepEqual(
    ranked('users', ['Power users', 'Users', 'usersync'], (name) => name),
    ['Users', 'usersync', 'Power users'],
  );
});

test('accents and punctuation do not matter', () => {
  assert.deepEqual(words('Ärzte, Büro/2'), ['arzte', 'buro', '2']);
});
