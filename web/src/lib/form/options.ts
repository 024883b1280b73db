// The objects a reference field can point at, as things with a label and words to find them by.
import { get, type Query } from '../api/client';
import type { Choose, Target } from '../api/kinds';
import type { Page, Row } from '../api/types';

export interface Option {
  value: string | number;
  label: string;
  note: string;
  /** Everything a person may type to find it. */
  words: string;
  row: Row;
}

export interface Options {
  list: Option[];
  /** There are more than were fetched: searching must ask the server. */
  more: boolean;
}

const SIZE = 100;

/** What is asked for at this moment: two fields of one form with the same choices share an answer. */
const asked = new Map<string, Promise<Page<Row>>>();

function together(path: string, query: Query): Promise<Page<Row>> {
  const key = JSON.stringify([path, query]);
  const running = asked.get(key) ?? get<Page<Row>>(path, query).finally(() => asked.delete(key));
  asked.set(key, running);
  return running;
}

export async function options(target: Target, path: string, query: Query = {}, search = ''): Promise<Options> {
  const page = await together(path, { page_size: SIZE, ...query, search });
  return { list: page.results.map((row) => option(target, row)), more: page.pagination.count > page.results.length };
}

/** What a fresh form begins with: what the declaration prefers, or the only one there is. */
export function preferred(choose: Choose | null | undefined, from: Option[]): Option[] {
  const { field, values } = choose?.prefer ?? { field: '', values: [] };
  const found = from.filter((option) => values.includes(String(option.row[field])));
  return found.length === 0 && choose?.only && from.length === 1 ? from : found;
}

export async function one(target: Target, path: string, key: string | number): Promise<Option | undefined> {
  try {
    return option(target, await get<Row>(`${path}/${encodeURIComponent(String(key))}`));
  } catch {
    return undefined;
  }
}

export function option(target: Target, row: Row): Option {
  const value = row[target.pk] as string | number;
  return {
    value,
    label: label(target, row, value),
    note: note(row),
    words: [row.slug, row.name, row.title, row.username, row.email, row.scope_name, row.verbose_name, row.field_key, row.description]
      .filter(Boolean)
      .join(' '),
    row,
  };
}

function label(target: Target, row: Row, value: string | number): string {
  const [first, second] = target.named.map((name) => row[name] as unknown).filter(Boolean);
  if (first && second && first !== second) return `${String(first)} (${String(second)})`;
  return String(first ?? value);
}

function note(row: Row): string {
  if (row.scope_name) return String(row.scope_name);
  if (row.verbose_name) return String(row.verbose_name);
  if (row.title && row.slug) return '';
  return row.email ? String(row.email) : '';
}
