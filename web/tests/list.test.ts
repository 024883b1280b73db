import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Kind } from '../src/lib/api/kinds';
import { cells, declared, toggled, type Cell, type Column } from '../src/lib/list/spec';
import boat from './kind.json';
import { load } from '../src/lib/words';

await load('en');

const kind = boat as unknown as Kind;
const row = { name: 'Ada', rig: 'cat', berth: 'b1', berth_obj: { name: 'North' }, launched: null, crew: ['a', 'b'] };

const drawn = (columns: Column[], of: object = row): string[] =>
  columns.map((column) =>
    cells(column, of)
      .map((cell) => cell.text)
      .join(' '),
  );

test('a declared kind has list columns, each drawn as its shape is', () => {
  const columns = declared(kind, {});
  assert.deepEqual(
    columns.map((column) => [column.label, column.sort]),
    [
      ['Name', 'name'],
      ['Rigging', 'rig'],
      ['Berth', undefined],
      ['Launched', 'launched'],
      ['Crew', undefined],
    ],
    'lists can be ordered by plain values',
  );
  assert.deepEqual(drawn(columns), ['Ada', 'Cat boat', 'North', '—', '2']);
  assert.deepEqual(drawn(columns, { ...row, rig: 'schooner', berth_obj: null, berth: null, crew: [] }), ['Ada', 'schooner', '—', '—', '0']);
});

test('the first column leads to the object, unless its cell leads elsewhere', () => {
  const open = (of: { name: string }): string => `#/boats/${of.name}`;
  const first = (cellsOf?: Record<string, () => Cell>): Cell | undefined => {
    const [column] = declared(kind, { open, cells: cellsOf });
    return column && cells(column, row)[0];
  };
  assert.deepEqual(first(), { text: 'Ada', href: '#/boats/Ada' });
  assert.deepEqual(first({ name: () => ({ text: 'A', note: 'old' }) }), { text: 'A', note: 'old', href: '#/boats/Ada' });
  assert.deepEqual(first({ name: () => ({ text: 'A', href: '#/x' }) }), { text: 'A', href: '#/x' });
});

test('booleans and times are words', () => {
  const plain = (name: string, type: 'boolean' | 'time', value: unknown): string[] =>
    drawn(
      declared(
        {
          ...kind,
          fields: [{ ...kind.fields[0]!, name, shape: { type } }],
          columns: [{ name, label: name, sort: true }],
        },
        {},
      ),
      { [name]: value },
    );
  assert.deepEqual([plain('on', 'boolean', true), plain('on', 'boolean', false)], [['Yes'], ['No']]);
  assert.match(plain('seen', 'time', new Date().toISOString())[0] ?? '', /just now/);
});

test('an empty value is a dash', () => {
  for (const value of [null, undefined, '']) {
    assert.deepEqual(cells({ label: 'x', cell: () => value }, {}), [{ text: '—', soft: true }]);
  }
  assert.deepEqual(cells({ label: 'x', cell: () => 0 }, {}), [{ text: '0' }]);
});

test('two chips about one field exclude each other', () => {
  const chips = [
    { label: 'Errors', query: { status: 'error' } },
    { label: 'Warnings', query: { status: 'warning' } },
    { label: 'Mine', query: { user: 1 } },
  ];
  assert.deepEqual(toggled(chips, [], 'Errors'), ['Errors']);
  assert.deepEqual(toggled(chips, ['Errors', 'Mine'], 'Warnings'), ['Mine', 'Warnings']);
  assert.deepEqual(toggled(chips, ['Errors', 'Mine'], 'Errors'), ['Mine']);
});
