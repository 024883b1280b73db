import type { Row } from '../../lib/api/types';
import { href } from '../../lib/router.svelte';
import type { Area } from './area';

/** What all kinds of sources answer. */
export interface Source extends Row {
  pk: string;
  name: string;
  slug: string;
  enabled: boolean;
  component: string;
  verbose_name: string;
  meta_model_name: string;
  icon: string | null;
}

export const sources: Area = {
  base: '/core/sources',
  model: 'authentik_core.source',
  family: 'sources/all',
  key: (row) => row.slug,
  title: (row) => row.name,
  opens: (row) => `/core/sources/${row.slug}`,
  imports: {
    name: 'SAML Source from Metadata',
    description: 'Made of the metadata of an identity provider: a file, text, or an address.',
    kind: 'sources/saml',
    fields: ['name', 'slug'],
    needs: [
      ['authentik_sources_saml.samlsource', 'add'],
      ['authentik_crypto.certificatekeypair', 'add'],
    ],
  },
  list: {
    path: 'sources/all',
    title: 'Federation and Social login',
    intro: 'Other places that know who people are, and by which they may sign in here.',
    noun: 'source',
    plural: 'sources',
    order: 'name',
    remove: true,
    key: (row: Source) => row.slug,
    name: (row: Source) => row.name,
    summary: (row: Source) => [row.verbose_name, row.enabled ? '' : 'disabled'].filter(Boolean).join(' · '),
    fixed: (row: Source) => (row.component === '' ? 'Kept by the server' : undefined),
    columns: [
      {
        label: 'Name',
        sort: 'name',
        cell: (row: Source) => ({ text: row.name, href: row.component === '' ? undefined : href(`/core/sources/${row.slug}`) }),
      },
      { label: 'Type', cell: (row: Source) => ({ text: row.verbose_name, soft: true }) },
      { label: 'State', cell: (row: Source) => (row.enabled ? { text: 'Enabled', tone: 'ok' } : { text: 'Disabled', tone: 'plain' }) },
    ],
    actions: (row: Source) =>
      row.component === '' ? [] : [{ text: 'Edit', needs: 'change', href: href(`/core/sources/${row.slug}/edit`) }],
    empty: {
      title: 'No sources yet',
      text: 'A source is another identity provider or directory. People sign in by its button, or are copied from it.',
    },
  },
};
