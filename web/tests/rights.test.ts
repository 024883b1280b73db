import assert from 'node:assert/strict';
import { test } from 'node:test';
import { can, may, type Rights } from '../src/lib/rights';

const rights: Rights = {
  everything: false,
  models: { 'authentik_core.group': { title: 'Group', all: ['view'], some: ['change', 'add'] } },
};

test('what is held on some objects of a model opens its page, and makes no new ones', () => {
  assert.equal(may(rights, ['authentik_core.group', 'view']), true);
  assert.equal(may(rights, ['authentik_core.group', 'change']), true);
  assert.equal(may(rights, ['authentik_core.group', 'add']), false);
  assert.equal(may(rights, ['authentik_core.user', 'view']), false);
  assert.equal(may(undefined, ['authentik_core.user', 'view']), false);
  assert.equal(may({ everything: true, models: {} }, ['authentik_core.user', 'add']), true);
});

test('an object says what may be done with it', () => {
  assert.equal(can({ effective: ['view'] }, 'view'), true);
  assert.equal(can({ effective: ['view'] }, 'change'), false);
  assert.equal(can({}, 'change'), true);
});
