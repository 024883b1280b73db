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
