// The configuration's history: every edit, and the way back.
import { get, post, remove } from './api/client';
import { byWhom } from './events';
import type { Actor, Page, Row } from './api/types';

export interface ChangedObject {
  model: string;
  title: string;
  path: string | null;
  key: string;
  name: unknown;
  action: 'created' | 'changed' | 'deleted';
  fields?: Record<string, { label: string | null; before: unknown; after: unknown }>;
}

export interface Change {
  revision: number;
  at: string;
  user: Row | null;
  actor?: Actor | null;
  client_ip: string | null;
  reason: string;
  objects: ChangedObject[];
}

export const changes = (page: number, search: string, size = 20): Promise<Page<Change>> =>
  get<Page<Change>>('countersign/changes', { page, search, page_size: size });

export const change = (revision: number): Promise<Change> => get<Change>(`countersign/changes/${revision}`);

export const rollBack = (revision: number): Promise<{ revision: number }> => post(`countersign/changes/${revision}/rollback`);

/** As many later edits are looked at, a hundred at a time. */
const MOST_PAGES = 5;

/** What rolling an edit back would do now, as far as the edits since were looked at. */
export interface Preview {
  objects: ChangedObject[];
  /** Whether all of them were. */
  whole: boolean;
}

/** What rolling an edit back would do now: its objects become what they were before it, whatever was edited since. */
export async function preview(edit: Change): Promise<Preview> {
  const own = new Set(edit.objects.map(id));
  const later: number[] = [];
  let whole = false;
  for (let page = 1; page <= MOST_PAGES && !whole; page++) {
    const { results, pagination } = await changes(page, '', 100);
    const newer = results.filter(({ revision }) => revision > edit.revision);
    later.push(...newer.filter(({ objects }) => objects.some((object) => own.has(id(object)))).map(({ revision }) => revision));
    whole = newer.length < results.length || !pagination.next;
  }
  return { objects: reversed([edit, ...(await Promise.all(later.reverse().map(change)))]), whole };
}

/** What the server shows in place of a secret. */
const MASK = '*****';

/** Whether a field that an edit changed is a secret before and after it: of such it is only known that it changes. */
export const isSecret = ({ before, after }: { before: unknown; after: unknown }): boolean => before === MASK && after === MASK;

const id = (object: ChangedObject): string => `${object.model} ${object.key}`;

/** The way back from these edits to before the first of them, for the objects of the first. */
export function reversed(edits: Change[]): ChangedObject[] {
  return (edits[0]?.objects ?? []).flatMap((first): ChangedObject[] => {
    const steps = edits.flatMap(({ objects }) => objects.filter((object) => id(object) === id(first)));
    const [was, is] = [first.action !== 'created', steps.at(-1)?.action !== 'deleted'];
    const last = steps.filter(({ action }) => action !== 'deleted').at(-1) ?? first;
    if (!was) return is ? [{ ...last, action: 'deleted', fields: {} }] : [];
    if (!is) return [{ ...first, action: 'created', fields: {} }];
    const fields: NonNullable<ChangedObject['fields']> = {};
    for (const step of steps) {
      for (const [field, { label, before, after }] of Object.entries(step.fields ?? {})) {
        fields[field] = { label, before: after, after: field in fields ? fields[field]?.after : before };
      }
    }
    const left = Object.entries(fields).filter(
      ([, field]) => isSecret(field) || JSON.stringify(field.before) !== JSON.stringify(field.after),
    );
    return left.length > 0 ? [{ ...last, action: 'changed', fields: Object.fromEntries(left) }] : [];
  });
}

/** An edit that the server undoes unless somebody confirms it. */
export interface Pending {
  revision: number;
  until: string;
  seconds_left: number;
  problem: string | null;
}

export const pending = (): Promise<Pending[]> => get<{ results: Pending[] }>('countersign/changes/pending').then((found) => found.results);

export const confirm = (revision: number): Promise<void> => post(`countersign/changes/${revision}/confirm`);

/** A name for a state of the configuration. */
export interface Snapshot {
  name: string;
  revision: number;
  at: string;
  user: string;
  note: string;
  later_changes: number;
}

export const snapshots = (): Promise<Snapshot[]> =>
  get<{ results: Snapshot[] }>('countersign/changes/snapshots').then((found) => found.results);

export const nameSnapshot = (text: string): Promise<Snapshot> => post('countersign/changes/snapshots', { name: text });

const snapshotPath = (text: string): string => `countersign/changes/snapshots/${encodeURIComponent(text)}`;

export const forgetSnapshot = (text: string): Promise<void> => remove(snapshotPath(text));

export const restoreSnapshot = (text: string): Promise<{ revision: number }> => post(`${snapshotPath(text)}/restore`);

export function name(object: ChangedObject): string {
  return typeof object.name === 'string' && object.name !== '' ? object.name : String(object.key).slice(0, 8);
}

/** Who made an edit. */
export function maker(edit: Change): string {
  if (edit.actor) return byWhom(edit.actor);
  return edit.user ? String(edit.user.username) : 'The server';
}

export function title(edit: Change): string {
  const [first, ...rest] = edit.objects;
  if (!first) return edit.reason;
  if (rest.length === 0) return `${first.title} ${name(first)} ${first.action}`;
  return `${edit.objects.length} objects ${edit.objects.every((object) => object.action === first.action) ? first.action : 'changed'}`;
}

/** What lives in tables instead of the configuration: the history does not hold it. */
const WITHOUT_HISTORY = [
  'core/users',
  'core/groups',
  'core/tokens',
  'core/authenticated_sessions',
  'core/user_consent',
  'oauth2/',
  'events/notifications',
];

/** Whether the object at this path can be had back after it was deleted. */
export const isUndoable = (path: string): boolean => !WITHOUT_HISTORY.some((prefix) => path.startsWith(prefix));

/** The edits that deleted just these names, newest first; empty when the server keeps no history of them. */
export async function deletions(names: string[]): Promise<number[]> {
  try {
    const page = await changes(1, '', Math.max(10, names.length * 2));
    const recent = page.results.filter((edit) => Date.now() - new Date(edit.at).getTime() < 60000);
    return recent
      .filter((edit) => edit.objects.some((object) => object.action === 'deleted' && names.includes(name(object))))
      .map((edit) => edit.revision);
  } catch {
    return [];
  }
}
