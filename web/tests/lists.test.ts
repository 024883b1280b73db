import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusals } from '../src/lib/list/bulk';
import { csv, field, json } from '../src/lib/list/export';
import { asked, lit, says, type Filter } from '../src/lib/list/filters';
import { pressed } from '../src/lib/list/keys';
import { clash, time, type Column } from '../src/lib/list/spec';
import { parse, viewed, visible } from '../src/lib/list/view';

const USERS = { space: 'user', path: 'core/users', model: null, key: 'int', pk: 'pk', named: ['username'] };
const filters: Filter[] = [
  { key: 'range', label: 'Time', type: 'range' },
  { key: 'actions', label: 'Action', type: 'choice', many: true, choices: [{ value: 'login', label: 'Login' }], instead: ['action'] },
  { key: 'actor', label: 'Done by', type: 'reference', target: USERS },
  { key: 'ip', label: 'Client IP', type: 'text', as: 'client_ip' },
];

test('filters combine: each that is set asks for something, all at once', () => {
  const now = Date.parse('2026-01-10T12:00:00Z');
  const values = { range: '24h', actions: ['login', 'logout'], actor: { key: 5, name: 'nina' }, ip: '10.0.0.1', unknown: 'x' };
  assert.deepEqual(asked(filters, values, now), {
    since: '2026-01-09T12:00:00.000Z',
    actions: ['login', 'logout'],
    actor: 5,
    client_ip: '10.0.0.1',
  });
  assert.deepEqual(asked(filters, { range: '', actions: [], actor: undefined, ip: '' }, now), {});
  assert.deepEqual(
    lit(filters, values).map((filter) => `${filter.label}: ${says(filter, values[filter.key as keyof typeof values])}`),
    ['Time: Last 24 hours', 'Action: Login or logout', 'Done by: nina', 'Client IP: 10.0.0.1'],
  );
});

test('of two days both count, as the reader’s clock has them', () => {
  const { since, until } = asked(filters, { range: { since: '2026-01-09', until: '2026-01-10' } }) as Record<string, string>;
  assert.equal(since, new Date('2026-01-09T00:00:00').toISOString());
  assert.equal(until, new Date('2026-01-11T00:00:00').toISOString());
  assert.deepEqual(Object.keys(asked(filters, { range: { since: '2026-01-09', until: '' } })).length, 2);
  assert.equal(asked(filters, { range: { since: 'nonsense' } }).since, undefined);
});

test('a chip and a filter about one thing exclude each other', () => {
  const [, actions, actor] = filters as [Filter, Filter, Filter, Filter];
  const chip = { label: 'Logins', query: { action: 'login' } };
  assert.equal(clash(chip, actions), true, 'both name the action');
  assert.equal(clash(chip, actor), false);
});

const columns: Column[] = [
  { label: 'Name', cell: (row) => row.name },
  { label: 'Seen', cell: (row) => time(row.seen, 'never') },
  { label: 'Groups, all', extra: true, cell: (row) => row.groups },
];

test('CSV holds what the columns say, times in full, and no formulas', () => {
  const rows = [
    { name: 'nina "N"', seen: '2026-01-10T12:00:00Z', groups: 'a, b' },
    { name: '=HYPERLINK("x")', seen: null, groups: null },
  ];
  assert.equal(csv(columns, rows), 'Name,Seen,"Groups, all"\r\n"nina ""N""",2026-01-10T12:00:00Z,"a, b"\r\n"\'=HYPERLINK(""x"")",,\r\n');
  for (const start of ['=', '+', '-', '@']) assert.equal(field(`${start}1`), `'${start}1`);
  assert.deepEqual(JSON.parse(json([{ name: 'a', effective: ['view'] }])), [{ name: 'a' }], 'rights are not part of an object');
});

test('columns: the first always, extras when chosen; what is kept may be anything', () => {
  const labels = (chosen?: Record<string, boolean>): string[] => visible(columns, chosen).map((column) => column.label);
  assert.deepEqual(labels(), ['Name', 'Seen']);
  assert.deepEqual(labels({ Name: false, Seen: false, 'Groups, all': true }), ['Name', 'Groups, all']);
  for (const broken of [null, '', 'x', '[]', '3']) assert.deepEqual(parse(broken), {});
  const state = { search: 'a', chips: ['Mine'], filters: { ip: '1' }, tableOrder: 'name', page: 3, other: 1 };
  assert.deepEqual(viewed(state), { search: 'a', chips: ['Mine'], filters: { ip: '1' }, tableOrder: 'name' });
});

test('keys of lists are not taken from somebody who types', () => {
  class Place {
    constructor(readonly inside: string) {}
    closest(selectors: string): unknown {
      return selectors.includes(this.inside) ? this : null;
    }
  }
  globalThis.Element = Place as unknown as typeof Element;
  const press = (key: string, inside = 'main', more = {}): string | undefined =>
    pressed({ key, target: new Place(inside), ctrlKey: false, metaKey: false, altKey: false, defaultPrevented: false, ...more } as never);
  for (const key of ['/', 'j', 'k', 'x', 'e', 'f', '?', 'Escape']) assert.equal(press(key), key);
  assert.equal(press('q'), undefined);
  assert.equal(press('j', 'textarea'), undefined);
  assert.equal(press('j', 'input'), undefined);
  assert.equal(press('Escape', 'input'), 'Escape');
  assert.equal(press('j', 'dialog'), undefined);
  assert.equal(press('k', 'main', { ctrlKey: true }), undefined);
  assert.equal(press('k', 'main', { defaultPrevented: true }), undefined);
});

test('what was refused of many is said once for each reason', () => {
  const refused = (key: number, text: string) => ({ key, status: 400, error: { is_active: [text] } });
  const results = [
    { key: 1, status: 200, error: null },
    refused(2, 'The last one.'),
    refused(3, 'The last one.'),
    { key: 4, status: 404, error: { detail: 'Not found.' } },
  ];
  assert.deepEqual(refusals({ succeeded: 1, results }), ['The last one.', 'Not found.']);
});
