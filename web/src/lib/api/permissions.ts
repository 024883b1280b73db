// Permissions: what there are, who holds them, giving and taking them.
import { get, patch, post } from './client';
import type { Page, Row } from './types';

export interface Permission {
  id: number;
  name: string;
  codename: string;
  model: string;
  app_label: string;
  app_label_verbose: string;
  model_verbose: string;
}

/** Who holds something: the sort as addresses name it, and the key. */
export interface Holder {
  sort: 'users' | 'roles';
  key: string | number;
  name: string;
}

/** Something that permissions are held on. */
export interface Thing {
  model: string;
  key: string | number;
  name: string;
}

export const full = (permission: { app_label: string; codename: string }): string => `${permission.app_label}.${permission.codename}`;

let all: Promise<Permission[]> | undefined;

/** Every permission there is, by name. */
export function permissions(): Promise<Permission[]> {
  all ??= get<Page<Permission>>('rbac/permissions', { page_size: 1000 }).then(
    (page) => page.results,
    (error: unknown) => {
      all = undefined;
      throw error;
    },
  );
  return all;
}

/** Those there are on objects of a model; making one is not about one that is there. */
export async function ofModel(model: string): Promise<Permission[]> {
  const found = (await permissions()).filter((one) => `${one.app_label}.${one.model}` === model && one.codename !== `add_${one.model}`);
  const first = ['view_', 'change_', 'delete_'];
  const rank = (one: Permission): number => first.findIndex((verb) => one.codename === verb + one.model) + 1 || 9;
  return found.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

const path = (holder: Holder, what: string): string => `rbac/permissions/assigned_by_${holder.sort}/${holder.key}/${what}`;
const on = (thing?: Thing): Row => (thing ? { model: thing.model, object_pk: String(thing.key) } : {});

export const give = (holder: Holder, names: string[], thing?: Thing): Promise<unknown> =>
  post(path(holder, 'assign'), { permissions: names, ...on(thing) });
export const take = (holder: Holder, names: string[], thing?: Thing): Promise<unknown> =>
  patch(path(holder, 'unassign'), { permissions: names, ...on(thing) });

/** A codename without its model: "Change", "Reset Password". */
export function short(permission: { codename: string; model: string; name: string }): string {
  const verb = permission.codename.endsWith('_' + permission.model) ? permission.codename.slice(0, -permission.model.length - 1) : '';
  return ['view', 'change', 'delete', 'add'].includes(verb) ? verb.charAt(0).toUpperCase() + verb.slice(1) : permission.name;
}
