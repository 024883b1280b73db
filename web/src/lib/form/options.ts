// The objects a reference field can point at, as things with a label and words to find them by.
import { get, type Query } from '../api/client';
import type { Target } from '../api/kinds';
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

export async function options(target: Target, path: string, query: Query = {}, search = ''): Promise<Options> {
  const page = await get<Page<Row>>(path, { page_size: SIZE, ...query, search });
  return { list: page.results.map((row) => option(target, row)), more: page.pagination.count > page.results.length };
}

export async function one(target: Target, path: string, key: string | number): Promise<Option | undefined> {
  try {
    return option(target, await get<Row>(`${path}/${encodeURIComponent(String(key))}`));
  } catch {
    return undefined;
  }
}

export function option(target: Target, row: Row): Option {
  const value = (row.pk ?? row.uuid ?? row.brand_uuid) as string | number;
  return {
    value,
    label: label(target, row, value),
    note: note(row),
    words: [row.slug, row.name, row.title, row.username, row.email, row.scope_name, row.verbose_name, row.field_key]
      .filter(Boolean)
      .join(' '),
    row,
  };
}

function label(target: Target, row: Row, value: string | number): string {
  if (target.space === 'flow' || (row.designation && row.slug)) return `${row.slug} (${row.name})`;
  if (row.username) return row.name && row.name !== row.username ? `${row.username} (${row.name})` : row.username;
  const [first, second] = (target.label_fields ?? []).map((name) => row[name] as unknown).filter(Boolean);
  if (first && second && first !== second) return `${String(first)} (${String(second)})`;
  return String(first ?? row.name ?? row.identifier ?? row.slug ?? row.domain ?? value);
}

function note(row: Row): string {
  if (row.scope_name) return String(row.scope_name);
  if (row.verbose_name) return String(row.verbose_name);
  if (row.title && row.slug) return '';
  return row.email ? String(row.email) : '';
}
