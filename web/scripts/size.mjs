// What a fresh browser loads for the first list page, compressed; fails above the budget.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 100 * 1024;
const assets = new URL('../dist/assets/', import.meta.url);
const page = readFileSync(new URL('../dist/admin.html', import.meta.url), 'utf8');
const linked = [...page.matchAll(/\/static\/web\/assets\/([^"]+)/g)].map((found) => found[1]);
const lists = readdirSync(assets).filter((name) => /^(list|frame|ListPage|GroupsPage|App|en)-/.test(name));
const names = [...new Set([...linked, ...lists])];

let total = gzipSync(page, { level: 9 }).length;
for (const name of names) {
  const size = gzipSync(readFileSync(new URL(name, assets)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(7)}  ${name}`);
}
console.log(`${String(total).padStart(7)}  first list page, ${names.length + 1} files (budget ${BUDGET})`);
process.exit(total > BUDGET ? 1 : 0);
