// An area: one kind of thing with its list, its addresses, and what its forms are made of.
import type { Query } from '../../lib/api/client';
import { kinds, type KindName } from '../../lib/api/kinds';
import type { ListSpec } from '../../lib/list/spec';
import type { Row } from '../../lib/api/types';
import type { Needs } from '../../lib/rights';
import { href } from '../../lib/router.svelte';
import { say } from '../../lib/words';

export interface Area {
  /** Hash path of the list. */
  base: string;
  /** What permissions name its objects by. */
  model: string;
  list: ListSpec;
  /** Kind the form is drawn from, by its API path; families ask for the type instead. */
  kind?: string;
  /** Collection over all types, `providers/all`; has `types/`. */
  family?: string;
  /** Where to go with a new object; the list when left out. */
  opens?: (row: Row) => string;
  creatable?: boolean;
  /** Leaves out of one object what its form does not need. */
  lean?: Query;
  /** Another way to make one: out of what the other side says of itself. */
  imports?: Import;
  /** The family's only member on this server, if it has just the one: then nobody is asked for a type. */
  alone?: string;
  /** The object's key as it stands in addresses. */
  key: (row: Row) => string | number;
  title: (row: Row) => string;
}

/** Objects that are made of a document. */
export interface Import {
  name: string;
  description: string;
  /** API path of the kind; the fields of its form that are asked for besides. */
  kind: string;
  fields: string[];
  /** All of these are needed. */
  needs: Needs[];
}

/** An object in a message: "Group Users". */
export function called(area: Area, row: Row): string {
  const { noun } = area.list;
  const said = say(noun);
  return `${said.charAt(0).toUpperCase()}${said.slice(1)} ${area.title(row)}`;
}

/** The area of a kind as its declaration alone makes it. */
export function declared(kind: KindName): Area {
  const base = `/objects/${kind.model}`;
  const noun = kind.title.toLowerCase();
  const key = (row: Row): string | number => row[kind.lookup] as string | number;
  const title = (row: Row): string => String(row[kind.label ?? kind.lookup]);
  const edit = (row: Row): string => href(`${base}/${key(row)}/edit`);
  const list: ListSpec = {
    path: kind.path,
    kind: kind.path,
    title: kind.plural,
    intro: kind.description,
    noun,
    plural: kind.plural.toLowerCase(),
    order: kind.ordering.join(','),
    remove: true,
    key,
    name: title,
    summary: () => '',
    open: edit,
    actions: (row: Row) => [{ text: 'Edit', needs: 'change', href: edit(row) }],
    empty: { title: `No ${kind.plural.toLowerCase()} yet`, text: kind.description },
  };
  return { base, model: kind.model, kind: kind.path, creatable: kind.creatable, key, title, list };
}

export const path = (...parts: (string | number)[]): string => parts.join('/');

/** A family of one is that one. */
export async function settle(area: Area): Promise<Area> {
  if (!area.alone || !area.family) return area;
  const prefix = area.family.replace(/all$/, '');
  const members = (await kinds()).filter((kind) => kind.path.startsWith(prefix));
  if (members.length !== 1 || members[0]?.path !== area.alone) return area;
  return { ...area, family: undefined, kind: area.alone, list: { ...area.list, path: area.alone } };
}
