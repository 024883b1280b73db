// What somebody entered and did not save, kept by this browser for a day. Secrets are never kept.
import type { FieldMeta } from '../api/kinds';
import type { Row } from '../api/types';
import { same } from './model';

/** In milliseconds. */
const KEPT = 86_400_000;
const START = 'countersign.draft.';

export interface Draft {
  at: number;
  values: Row;
}

export const draftKey = (account: number | undefined, model: string, key: unknown): string =>
  `${START}${account ?? ''}.${model}.${key === undefined ? 'new' : String(key)}`;

const isOpen = (field: FieldMeta): boolean => field.shape.type !== 'secret' && !field.write_only && !field.action;

/** The values that differ from what the form began with, without secrets. */
export const draft = (fields: FieldMeta[], values: Row, before: Row): Row =>
  Object.fromEntries(
    fields
      .filter((field) => isOpen(field) && !same(values[field.name], before[field.name]))
      .map(({ name }) => [name, values[name] as unknown]),
  );

export function keep(key: string, values: Row, now = Date.now()): void {
  if (Object.keys(values).length === 0) localStorage.removeItem(key);
  else localStorage.setItem(key, JSON.stringify({ at: now, values }));
}

export const forget = (key: string): void => localStorage.removeItem(key);

/** A draft of this form that says something else than it begins with; those of yesterday go. */
export function recall(key: string, fields: FieldMeta[], before: Row, now = Date.now()): Draft | undefined {
  for (const name of Object.keys(localStorage).filter((name) => name.startsWith(START))) {
    const found = read(name);
    if (!found || now - found.at > KEPT) localStorage.removeItem(name);
  }
  const found = read(key);
  if (!found) return undefined;
  const known = fields.filter(
    (field) => isOpen(field) && field.name in found.values && !same(found.values[field.name], before[field.name]),
  );
  const values = Object.fromEntries(known.map(({ name }) => [name, found.values[name] as unknown]));
  return known.length > 0 ? { at: found.at, values } : undefined;
}

function read(key: string): Draft | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? '') as Draft;
    return typeof found.at === 'number' && found.values && typeof found.values === 'object' ? found : undefined;
  } catch {
    return undefined;
  }
}
