// An area: one kind of thing with its list, its addresses, and what its forms are made of.
import type { Query } from '../../lib/api/client';
import { kinds } from '../../lib/api/kinds';
import type { ListSpec } from '../../lib/list/spec';
import type { Row } from '../../lib/api/types';

export interface Area {
  /** Hash path of the list. */
  base: string;
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
  /** The family's only member on this server, if it has just the one: then nobody is asked for a type. */
  alone?: string;
  /** The object's key as it stands in addresses. */
  key: (row: Row) => string | number;
  title: (row: Row) => string;
}

/** An object in a message: "Group Users". */
export function called(area: Area, row: Row): string {
  const { noun } = area.list;
  return `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${area.title(row)}`;
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
