import { get, reason } from '../../lib/api/client';
import type { Group, Row, User } from '../../lib/api/types';
import { copyText } from '../../lib/clipboard';
import { ago, moment, plural } from '../../lib/format';
import { href } from '../../lib/router.svelte';
import { toasts } from '../../lib/toast.svelte';
import type { Area } from './area';

export const USER_TYPES: Record<string, string> = {
  internal: 'Internal',
  external: 'External',
  service_account: 'Service account',
  internal_service_account: 'Internal Service account',
};

export const users: Area = {
  base: '/identity/users',
  model: 'authentik_core.user',
  kind: 'core/users',
  key: (row) => row.pk,
  title: (row) => row.username,
  opens: (row) => `/identity/users/${row.pk}`,
  list: {
    path: 'core/users',
    title: 'Users',
    intro: 'People and service accounts that can sign in.',
    noun: 'user',
    plural: 'users',
    order: 'username',
    remove: true,
    key: (row: User) => row.pk,
    name: (row: User) => row.username,
    summary: (row: User) =>
      [row.name !== row.username ? row.name : '', row.is_active ? '' : 'inactive', row.last_login ? ago(row.last_login) : 'never signed in']
        .filter(Boolean)
        .join(' · '),
    fixed: (row: User) => (row.type === 'internal_service_account' ? 'Kept by the server' : undefined),
    chips: [
      { label: 'Hide service accounts', query: { type: ['internal', 'external'] }, on: true },
      { label: 'Hide deactivated user', query: { is_active: true } },
      { label: 'Superusers', query: { is_superuser: true } },
    ],
    kind: 'core/users',
    open: (row: User) => href(`/identity/users/${row.pk}`),
    cells: {
      username: (row: User) => ({ text: row.username, note: row.name && row.name !== row.username ? row.name : undefined }),
      is_active: (row: User) => (row.is_active ? { text: 'Active', tone: 'ok' } : { text: 'Inactive', tone: 'warn' }),
      last_login: (row: User) => ({ text: row.last_login ? ago(row.last_login) : 'never', soft: true, title: moment(row.last_login) }),
    },
    actions: (row: User) => [{ text: 'Edit', needs: 'change', href: href(`/identity/users/${row.pk}/edit`) }],
    empty: { title: 'No users yet', text: 'Create an account for each person, then set a password or send them a link.' },
  },
};

export const groups: Area = {
  base: '/identity/groups',
  model: 'authentik_core.group',
  kind: 'core/groups',
  lean: { include_users: false },
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'core/groups',
    query: { include_users: false },
    title: 'Groups',
    intro: 'People and what they may open.',
    noun: 'group',
    plural: 'groups',
    order: 'name',
    remove: true,
    key: (row: Group) => row.pk,
    name: (row: Group) => row.name,
    summary: (row: Group) =>
      [plural(row.users.length, 'member'), row.is_superuser ? 'superusers' : '', row.parent_name ? `in ${row.parent_name}` : '']
        .filter(Boolean)
        .join(' · '),
    kind: 'core/groups',
    open: (row: Group) => href(`/identity/groups/${row.pk}`),
    cells: {
      is_superuser: (row: Group) => (row.is_superuser ? { text: 'Superusers', tone: 'warn' } : { text: 'No', soft: true }),
    },
    actions: (row: Group) => [{ text: 'Edit', needs: 'change', href: href(`/identity/groups/${row.pk}/edit`) }],
    empty: { title: 'No groups yet', text: 'Groups decide who may open what. Applications also learn the names of a person’s groups.' },
  },
};

async function copyToken(row: Row): Promise<void> {
  try {
    const asked = get<{ key: string }>(`core/tokens/${encodeURIComponent(String(row.identifier))}/view_key`);
    await copyText(asked.then(({ key }) => key));
    toasts.say('Token copied. The view was logged.');
  } catch (error) {
    toasts.say(`The token was not copied: ${reason(error)}`, 'bad');
  }
}

export const INTENTS: Record<string, string> = {
  api: 'API Access',
  app_password: 'App password',
  recovery: 'Recovery',
  verification: 'Verification',
};

export const tokens: Area = {
  base: '/core/tokens',
  model: 'authentik_core.token',
  kind: 'core/tokens',
  key: (row) => row.identifier,
  title: (row) => row.identifier,
  list: {
    path: 'core/tokens',
    title: 'Tokens and App passwords',
    intro: 'Keys for programs, made for one account each.',
    noun: 'token',
    plural: 'tokens',
    order: 'expires',
    remove: true,
    key: (row: Row) => row.identifier as string,
    name: (row: Row) => row.identifier as string,
    summary: (row: Row) => [row.user_obj?.username, INTENTS[row.intent as string]].filter(Boolean).join(' · '),
    fixed: (row: Row) => (row.managed ? 'Kept by the server' : undefined),
    kind: 'core/tokens',
    open: (row: Row) => href(`/core/tokens/${row.identifier}/edit`),
    cells: {
      user: (row: Row) =>
        row.user_obj ? { text: row.user_obj.username as string, href: href(`/identity/users/${row.user}`) } : String(row.user),
      expiring: (row: Row) => (row.expiring ? 'Yes' : { text: 'No', tone: 'warn' }),
      expires: (row: Row) => ({ text: row.expiring ? ago(row.expires as string) : '—', soft: true, title: moment(row.expires as string) }),
      intent: (row: Row) => ({ text: INTENTS[row.intent as string] ?? (row.intent as string), soft: true }),
    },
    actions: (row: Row) => [
      { text: 'Copy token', run: () => void copyToken(row) },
      { text: 'Edit', needs: 'change', href: href(`/core/tokens/${row.identifier}/edit`) },
    ],
    empty: { title: 'No tokens yet', text: 'A token lets a program act for an account without its password.' },
  },
};
