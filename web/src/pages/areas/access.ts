import type { Row } from '../../lib/api/types';
import { href } from '../../lib/router.svelte';
import type { Area } from './area';
import { say } from '../../lib/words';

export const policies: Area = {
  base: '/policy/policies',
  model: 'authentik_policies.policy',
  family: 'policies/all',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'policies/all',
    title: 'Policies',
    intro: 'Rules that decide whether somebody may go on.',
    noun: 'policy',
    plural: 'policies',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => row.verbose_name as string,
    columns: [
      { label: 'Name', sort: 'name', cell: (row: Row) => ({ text: row.name as string, href: href(`/policy/policies/${row.pk}/edit`) }) },
      { label: 'Type', cell: (row: Row) => ({ text: row.verbose_name as string, soft: true }) },
      {
        label: 'Used',
        cell: (row: Row) =>
          row.bound_to > 0
            ? { text: row.bound_to === 1 ? '1 place' : `${row.bound_to} places`, soft: true }
            : { text: 'Not used yet', tone: 'warn', title: 'This policy is not bound to anything' },
      },
    ],
    actions: (row: Row) => [
      { text: 'Edit', needs: 'change', href: href(`/policy/policies/${row.pk}/edit`) },
      { text: 'Test', needs: 'change', href: href(`/policy/policies/${row.pk}/edit`) },
    ],
    empty: {
      title: 'No policies yet',
      text: 'A policy is a rule. It takes effect where it is bound: at an application, a flow or a stage.',
    },
  },
};

export const mappings: Area = {
  base: '/core/property-mappings',
  model: 'authentik_core.propertymapping',
  family: 'propertymappings/all',
  alone: 'propertymappings/provider/scope',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'propertymappings/all',
    title: 'Property Mappings',
    intro: 'What applications learn about a person, scope by scope.',
    noun: 'property mapping',
    plural: 'property mappings',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => row.verbose_name as string,
    chips: [{ label: 'Hide managed mappings', query: { managed__isnull: true } }],
    columns: [
      {
        label: 'Name',
        sort: 'name',
        cell: (row: Row) => ({ text: row.name as string, href: href(`/core/property-mappings/${row.pk}/edit`) }),
      },
      { label: 'Type', sort: 'type', cell: (row: Row) => ({ text: row.verbose_name as string, soft: true }) },
      { label: 'Kept by', cell: (row: Row) => (row.managed ? { text: 'the server', tone: 'plain' } : { text: say('you'), soft: true }) },
    ],
    actions: (row: Row) => [{ text: 'Edit', needs: 'change', href: href(`/core/property-mappings/${row.pk}/edit`) }],
    empty: { title: 'No property mappings', text: 'A scope mapping turns what is known about a person into claims.' },
  },
};
