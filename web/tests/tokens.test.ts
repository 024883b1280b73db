import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const css = readFileSync('src/styles/tokens.css', 'utf8');

/** The colours of one block of the sheet, by their names. */
function colours(selector: string): Record<string, string> {
  const start = css.indexOf(selector);
  assert.ok(start >= 0, selector);
  const block = css.slice(start, css.indexOf('}', start));
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((found) => [found[1] ?? '', found[2] ?? '']));
}

/** Contrast of two colours (WCAG 2.2, relative luminance). */
function contrast(a: string, b: string): number {
  const light = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const part = parseInt(colour.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [x, y] = [light(a), light(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

/** What is drawn on what, and the least contrast of it: 4.5 for text (1.4.3), 3 for what shows a control or its state (1.4.11). */
const PAIRS: [string, string, number][] = [
  ...['bg', 'panel', 'code', 'accent-soft'].flatMap((ground): [string, string, number][] => [
    ['ink', ground, 4.5],
    ['soft', ground, 4.5],
    ['accent', ground, 4.5],
  ]),
  // Focus, edges of fields, boxes and switches that are off.
  ...['bg', 'panel', 'accent-soft'].flatMap((ground): [string, string, number][] => [['accent', ground, 3]]),
  ...['bg', 'panel'].map((ground): [string, string, number] => ['edge', ground, 3]),
  ['panel', 'edge', 3],
  ['panel', 'accent', 3],
  ['accent-ink', 'accent', 4.5],
  ['ok', 'ok-soft', 4.5],
  ['warn', 'warn-soft', 4.5],
  ['bad', 'bad-soft', 4.5],
  ['bad', 'panel', 4.5],
  ['bad-fill', 'panel', 3],
];

const light = colours(':root {');
const themes = {
  light,
  dark: { ...light, ...colours(":root[data-theme='dark'] {") },
  'dark by the system': { ...light, ...colours(":root:not([data-theme='light']) {") },
};

for (const [name, theme] of Object.entries(themes)) {
  test(`contrast of the tokens, ${name}`, () => {
    for (const [front, ground, least] of PAIRS) {
      const found = contrast(theme[front] ?? '', theme[ground] ?? '');
      assert.ok(found >= least, `${front} on ${ground}: ${found.toFixed(2)} instead of ${least}`);
    }
  });
}

test('both dark themes are one, and the ring of the focus is the accent in full', () => {
  assert.deepEqual(themes.dark, themes['dark by the system']);
  assert.match(css, /--ring: 2px solid var\(--accent\);/);
});
