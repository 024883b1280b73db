import { get, reason } from '../../lib/api/client';
import { GROUPS, USERS } from '../../lib/api/kinds';
import type { Group, Row, User } from '../../lib/api/types';
import { copyText } from '../../lib/clipboard';
import { ago, plural } from '../../lib/format';
import { all } from '../../lib/list/bulk';
import { choices } from '../../lib/list/filters';
import { time } from '../../lib/list/spec';
import { opened } from '../../lib/opened.svelte';
import { href } from '../../lib/router.svelte';
import { session } from '../../lib/session.svelte';
import { toasts } from '../../lib/toast.svelte';
import type { Area } from './area';
import { say } from '../../lib/words';

const pk = (row: { pk: number }): number => row.pk;

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
    filters: [
      { key: 'groups_by_pk', label: 'Member of', type: 'reference', target: GROUPS },
      { key: 'type', label: 'Type', type: 'choice', many: true, choices: choices(USER_TYPES) },
      { key: 'is_active', label: 'State', type: 'choice', choices: choices({ true: 'Active', false: 'Inactive' }) },
      { key: 'is_superuser', label: 'Superuser', type: 'choice', choices: choices({ true: 'Yes', false: 'No' }) },
      { key: 'path_startswith', label: 'Path begins with', type: 'text', hint: 'users/' },
    ],
    bulk: [
      {
        text: 'Activate',
        needs: 'change',
        fits: (row: User) => !row.is_active,
        run: (rows: User[], list) =>
          void all('activate', 'authentik_core.user', rows.map(pk), 'user', list.refresh).catch((error: unknown) =>
            toasts.say(reason(error), 'bad'),
          ),
      },
      {
        text: 'Deactivate',
        needs: 'change',
        fits: (row: User) => row.is_active === true && row.pk !== session.me?.pk,
        run: (rows: User[], list) =>
          opened.load(() => import('../admin/BulkConfirm.svelte'), {
            title: `Deactivate ${plural(rows.length, 'user')}`,
            verb: 'Deactivate',
            names: rows.map((row) => row.username),
            text: `${rows.length === 1 ? 'This user' : 'These users'} can no longer sign in, here or at any application. Their sessions end now.`,
            after: 'Nothing is deleted: Undo or Activate lets them sign in again.',
            act: () => all('deactivate', 'authentik_core.user', rows.map(pk), 'user', list.refresh),
          }),
      },
      {
        text: 'Add to group',
        needs: 'change',
        run: (rows: User[], list) =>
          opened.load(() => import('../admin/AddToGroups.svelte'), {
            users: rows,
            done: () => {
              opened.close();
              list.refresh();
            },
          }),
      },
    ],
    extra: [
      { label: 'Email', sort: 'email', extra: true, cell: (row: User) => row.email },
      { label: 'Groups', extra: true, cell: (row: User) => row.groups_obj?.map((group) => group.name).join(', ') },
      { label: 'Created', sort: 'date_joined', extra: true, cell: (row: User) => time(row.date_joined as string) },
      { label: 'Path', sort: 'path', extra: true, cell: (row: User) => ({ text: String(row.path), mono: true }) },
    ],
    kind: 'core/users',
    open: (row: User) => href(`/identity/users/${row.pk}`),
    cells: {
      username: (row: User) => ({ text: row.username, note: row.name && row.name !== row.username ? row.name : undefined }),
      is_active: (row: User) => (row.is_active ? { text: 'Active', tone: 'ok' } : { text: 'Inactive', tone: 'warn' }),
      last_login: (row: User) => time(row.last_login, say('never')),
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
    filters: [
      { key: 'is_superuser', label: 'Superusers', type: 'choice', choices: choices({ true: 'Yes', false: 'No' }) },
      { key: 'members_by_pk', label: 'With the member', type: 'reference', target: USERS },
    ],
    kind: 'core/groups',
    open: (row: Group) => href(`/identity/groups/${row.pk}`),
    cells: {
      is_superuser: (row: Group) => (row.is_superuser ? { text: 'Superusers', tone: 'warn' } : { text: say('No'), soft: true }),
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
    filters: [
      { key: 'intent', label: 'Intent', type: 'choice', choices: choices(INTENTS) },
      { key: 'user__username', label: 'User', type: 'text', hint: 'Username' },
      { key: 'expiring', label: 'Expires', type: 'choice', choices: choices({ true: 'Yes', false: 'Never' }) },
    ],
    kind: 'core/tokens',
    open: (row: Row) => href(`/core/tokens/${row.identifier}/edit`),
    cells: {
      user: (row: Row) =>
        row.user_obj ? { text: row.user_obj.username as string, href: href(`/identity/users/${row.user}`) } : String(row.user),
      expiring: (row: Row) => (row.expiring ? say('Yes') : { text: 'No', tone: 'warn' }),
      expires: (row: Row) => time(row.expiring ? (row.expires as string) : null),
      intent: (row: Row) => ({ text: say(INTENTS[row.intent as string] ?? (row.intent as string)), soft: true }),
    },
    actions: (row: Row) => [
      { text: 'Copy token', run: () => void copyToken(row) },
      { text: 'Edit', needs: 'change', href: href(`/core/tokens/${row.identifier}/edit`) },
    ],
    empty: { title: 'No tokens yet', text: 'A token lets a program act for an account without its password.' },
  },
};
