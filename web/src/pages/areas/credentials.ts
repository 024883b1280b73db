// What was given out in somebody's name: consents, tokens of applications, and keys of their own.
import type { Row, User } from '../../lib/api/types';
import { ago, moment } from '../../lib/format';
import type { Cell, Column, ListSpec } from '../../lib/list/spec';
import { href } from '../../lib/router.svelte';
import { tokens } from './directory';

const expires: Column = {
  label: 'Expires',
  sort: 'expires',
  cell: (row: Row) =>
    row.expires ? { text: ago(row.expires), title: moment(row.expires), soft: true, whole: true } : { text: 'never', soft: true },
};

function state(row: Row): Cell {
  if (row.revoked) return { text: 'Revoked', tone: 'warn' };
  return row.is_expired ? { text: 'Expired', tone: 'plain' } : { text: 'Valid', tone: 'ok' };
}

const issued = (user: User, path: string, title: string, noun: string): ListSpec => ({
  path,
  query: { user: user.pk },
  title,
  intro: '',
  noun,
  plural: `${noun}s`,
  order: '-expires',
  searchable: false,
  remove: true,
  key: (row: Row) => row.pk as number,
  name: (row: Row) => `for ${row.provider.name}`,
  summary: (row: Row) => [state(row).text, `expires ${ago(row.expires)}`, row.scope.join(' ')].join(' · '),
  columns: [
    {
      label: 'Provider',
      sort: 'provider',
      cell: (row: Row) => ({ text: row.provider.name as string, href: href(`/core/providers/${row.provider.pk}`) }),
    },
    { label: 'Revoked?', sort: 'revoked', cell: state },
    expires,
    { label: 'Scopes', cell: (row: Row) => ({ text: row.scope.join(' '), soft: true }) },
  ],
  empty: { title: 'None', text: 'They appear here when an application signs this account in.' },
});

export const credentials = (user: User): ListSpec[] => [
  {
    path: 'core/user_consent',
    query: { user: user.pk },
    title: 'Explicit Consent',
    intro: '',
    noun: 'consent',
    plural: 'consents',
    order: '-expires',
    searchable: false,
    remove: true,
    key: (row: Row) => row.pk as number,
    name: (row: Row) => `to ${row.application.name}`,
    summary: (row: Row) => row.permissions as string,
    columns: [
      {
        label: 'Application',
        sort: 'application',
        cell: (row: Row) => ({ text: row.application.name as string, href: href(`/core/applications/${row.application.slug}`) }),
      },
      expires,
      { label: 'Permissions', cell: (row: Row) => ({ text: row.permissions as string, soft: true }) },
    ],
    empty: { title: 'None', text: 'What this person allows applications to learn appears here.' },
  },
  issued(user, 'oauth2/access_tokens', 'OAuth Access Tokens', 'access token'),
  issued(user, 'oauth2/refresh_tokens', 'OAuth Refresh Tokens', 'refresh token'),
  { ...tokens.list, query: { user__username: user.username }, searchable: false },
];
