// Which identity of a source is whose, as the pages of sources and of accounts list it.
import { get } from '../../lib/api/client';
import type { Row, User } from '../../lib/api/types';
import { time, type Column, type ListSpec } from '../../lib/list/spec';
import { href } from '../../lib/router.svelte';

/** Whichever page it is on. */
const CONNECTION: Column[] = [
  { label: 'Identifier', cell: (row: Row) => ({ text: row.identifier as string, mono: true }) },
  { label: 'Created', sort: 'created', cell: (row: Row) => time(row.created as string) },
  { label: 'Last updated', sort: 'last_updated', cell: (row: Row) => time(row.last_updated as string) },
];

/** Who is known by which name at a source. */
export const connections = (slug: string): ListSpec => ({
  path: 'sources/user_connections/all',
  query: { source__slug: slug },
  title: 'Connections',
  intro: '',
  noun: 'connection',
  plural: 'connections',
  order: '-pk',
  remove: true,
  also: named,
  key: (row: Row) => row.pk as number,
  name: (row: Row) => `of ${row.user_name ?? row.user}`,
  summary: (row: Row) => row.identifier as string,
  columns: [
    {
      label: 'User',
      cell: (row: Row) => ({ text: String(row.user_name ?? `Account ${row.user}`), href: href(`/identity/users/${row.user}`) }),
    },
    ...CONNECTION,
  ],
  empty: {
    title: 'Nobody is connected yet',
    text: 'Who signs in by this source, or links an account to it, appears here with the name that the source has for them.',
  },
});

/** The answer has numbers of accounts only. */
async function named(rows: Row[]): Promise<Row[]> {
  const numbers = [...new Set(rows.map((row) => row.user as number))];
  const users = await Promise.all(numbers.map((pk) => get<User>(`core/users/${pk}`).catch(() => undefined)));
  const names = new Map(numbers.map((pk, at) => [pk, users[at]?.username]));
  return rows.map((row) => ({ ...row, user_name: names.get(row.user as number) }));
}

/** Where somebody is known. */
export const connected = (user: User): ListSpec => ({
  ...connections(''),
  query: { user: user.pk },
  title: 'Connected services',
  searchable: false,
  also: undefined,
  name: (row: Row) => `with ${row.source_obj.name}`,
  summary: (row: Row) => [row.source_obj.name, row.identifier].join(' · '),
  columns: [
    {
      label: 'Source',
      cell: (row: Row) => ({ text: row.source_obj.name as string, href: href(`/core/sources/${row.source_obj.slug}`) }),
    },
    ...CONNECTION,
  ],
  empty: { title: 'None', text: 'Accounts elsewhere that this person signs in with appear here.' },
});
