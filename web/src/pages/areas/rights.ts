// Who may do what: roles, and what is given to whoever makes something.
import type { Row } from '../../lib/api/types';
import { plural } from '../../lib/format';
import { href } from '../../lib/router.svelte';
import type { Area } from './area';

export const roles: Area = {
  base: '/identity/roles',
  model: 'authentik_rbac.role',
  kind: 'rbac/roles',
  key: (row) => row.pk,
  title: (row) => row.name,
  opens: (row) => `/identity/roles/${row.pk}`,
  list: {
    path: 'rbac/roles',
    kind: 'rbac/roles',
    title: 'Roles',
    intro: 'What people may do on this server, given to the groups they are in.',
    noun: 'role',
    plural: 'roles',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: () => '',
    open: (row: Row) => href(`/identity/roles/${row.pk}`),
    actions: (row: Row) => [{ text: 'Edit', needs: 'change', href: href(`/identity/roles/${row.pk}/edit`) }],
    empty: {
      title: 'No roles yet',
      text: 'A role is a set of permissions: a help desk that resets passwords, somebody who looks after one application.',
    },
  },
};

export const initialPermissions: Area = {
  base: '/identity/initial-permissions',
  model: 'authentik_rbac.initialpermissions',
  kind: 'rbac/initial_permissions',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'rbac/initial_permissions',
    title: 'Initial Permissions',
    intro: 'What is given on an object to whoever makes it.',
    noun: 'initial permissions',
    plural: 'initial permissions',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as number,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => plural((row.permissions as number[]).length, 'permission'),
    columns: [
      {
        label: 'Name',
        sort: 'name',
        cell: (row: Row) => ({ text: row.name as string, href: href(`/identity/initial-permissions/${row.pk}/edit`) }),
      },
      { label: 'Given to', cell: (row: Row) => ({ text: row.mode === 'user' ? 'whoever makes it' : 'the role', soft: true }) },
      {
        label: 'Permissions',
        cell: (row: Row) => ({ text: plural((row.permissions as number[]).length, 'permission'), soft: true }),
      },
    ],
    actions: (row: Row) => [{ text: 'Edit', needs: 'change', href: href(`/identity/initial-permissions/${row.pk}/edit`) }],
    empty: {
      title: 'No initial permissions',
      text: 'Members of a role who may create things see only what they are permitted to. Say here what they get on what they made.',
    },
  },
};
