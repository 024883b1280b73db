import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, isExpression } from '../src/lib/form/model';
import { equal, holds } from '../src/lib/code/tests';
import { indentation, isQuoted, lineOf, lines, shifted, wordBefore } from '../src/lib/code/python';

const known = new Set(['ak_message', 'request']);
const sorts = (text: string): string[][] => lines(text, known).map((line) => line.map(({ sort, text: piece }) => `${sort} ${piece}`));

test('a text is read as words of Python, line by line', () => {
  assert.deepEqual(sorts('if not request.user: # who\n    ak_message(f"No {x}", 12)'), [
    ['keyword if', 'plain  ', 'keyword not', 'plain  ', 'known request', 'plain .user: ', 'comment # who'],
    ['plain     ', 'known ak_message', 'plain (', 'string f"No {x}"', 'plain , ', 'number 12', 'plain )'],
  ]);
  assert.deepEqual(sorts('a = """one\n# two\n""" + None'), [
    ['plain a = ', 'string """one'],
    ['string # two'],
    ['string """', 'plain  + ', 'constant None'],
  ]);
  // A text that is not ended ends with its line; what is behind a dot is nobody's name.
  assert.deepEqual(sorts("x = 'abc\ny.request"), [['plain x = ', "string 'abc"], ['plain y.request']]);
  for (const text of ['', '\n', 'a\n\n', '"""', "'", '\\', 'ä = "ö"\n  # ü']) {
    assert.equal(
      lines(text, known)
        .map((line) => line.map((token) => token.text).join(''))
        .join('\n'),
      text,
    );
  }
});

test('lines begin where the one before says', () => {
  assert.equal(indentation('if a:'), 4);
  assert.equal(indentation('x = 1\n    if a:  # why'), 8);
  assert.equal(indentation('    return False'), 0);
  assert.equal(indentation('    b = ['), 8);
  assert.equal(indentation('    b = 1'), 4);
});

test('lines move in and out', () => {
  assert.deepEqual(shifted('ab', 1, 1, false), { from: 1, to: 1, text: '   ', select: [4, 4] });
  assert.deepEqual(shifted('a\nb\n\nc', 0, 6, false), { from: 0, to: 6, text: '    a\n    b\n\n    c', select: [4, 18] });
  assert.deepEqual(shifted('    a\n  b', 5, 9, true), { from: 0, to: 9, text: 'a\nb', select: [1, 3] });
  assert.deepEqual(shifted('x\n    a', 6, 6, true), { from: 2, to: 7, text: 'a', select: [2, 2] });
});

test('names are offered for words, not within texts', () => {
  assert.equal(wordBefore('return ak_me', 12), 'ak_me');
  assert.equal(wordBefore('request.us', 10), '');
  assert.equal(isQuoted('x = "ak_', 8), true);
  assert.equal(isQuoted('x = "a" + ak', 12), false);
  assert.equal(isQuoted('# ak', 4), true);
});

test('a refusal names its line', () => {
  assert.equal(lineOf(["name 'a' is not defined (line 3)"]), 3);
  assert.equal(lineOf(['This field may not be blank.']), undefined);
});

test('a field is an expression while the switch beside it is on', () => {
  const plain = field('placeholder', 'Placeholder', { widget: 'expression' });
  assert.equal(isExpression(plain, { placeholder_expression: false }), false);
  assert.equal(isExpression(plain, { placeholder_expression: true }), true);
  assert.equal(isExpression(field('expression', 'Expression', { widget: 'expression' }), {}), true);
  assert.equal(isExpression(field('certificate_data', 'Certificate'), {}), false);
});

test('tests compare values, whichever way they are ordered', () => {
  assert.equal(equal({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 }), true);
  for (const [one, other] of [
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1 }, { b: 1 }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [null, {}],
    [true, 'true'],
  ]) {
    assert.equal(equal(one, other), false);
  }
  assert.equal(holds({ value: undefined, messages: [], failed: 'boom' }, undefined), false);
});
