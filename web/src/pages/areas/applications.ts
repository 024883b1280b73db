import type { Application, Outpost, Provider } from '../../lib/api/types';
import { href } from '../../lib/router.svelte';
import type { Area } from './area';
import { say } from '../../lib/words';

export const applications: Area = {
  base: '/core/applications',
  model: 'authentik_core.application',
  kind: 'core/applications',
  key: (row) => row.slug,
  title: (row) => row.name,
  opens: (row) => `/core/applications/${row.slug}`,
  list: {
    path: 'core/applications',
    query: { superuser_full_list: true },
    title: 'Applications',
    intro: 'What people sign in to.',
    noun: 'application',
    plural: 'applications',
    order: 'name',
    remove: true,
    key: (row: Application) => row.slug,
    name: (row: Application) => row.name,
    summary: (row: Application) => [row.provider_obj?.verbose_name ?? 'No provider', row.group].filter(Boolean).join(' · '),
    kind: 'core/applications',
    open: (row: Application) => href(`/core/applications/${row.slug}`),
    cells: {
      provider: (row: Application) =>
        row.provider_obj
          ? { text: row.provider_obj.name, href: href(`/core/providers/${row.provider_obj.pk}`) }
          : { text: say('none'), soft: true },
      provider_type: (row: Application) => ({ text: row.provider_obj?.verbose_name ?? '—', soft: true }),
    },
    actions: (row: Application) => [
      { text: 'Edit', needs: 'change', href: href(`/core/applications/${row.slug}/edit`) },
      ...(row.launch_url ? [{ text: 'Launch', href: row.launch_url, newTab: true }] : []),
    ],
    empty: {
      title: 'No applications yet',
      text: 'An application is what people find in their library and sign in to. Make its provider first, or both in one go.',
    },
  },
};

export const providers: Area = {
  base: '/core/providers',
  model: 'authentik_core.provider',
  family: 'providers/all',
  key: (row) => row.pk,
  title: (row) => row.name,
  opens: (row) => `/core/providers/${row.pk}`,
  imports: {
    name: 'SAML Provider from Metadata',
    description: 'Made of the metadata of an application: a file, text, or an address.',
    kind: 'providers/saml',
    fields: ['name', 'authorization_flow', 'invalidation_flow'],
    needs: [
      ['authentik_providers_saml.samlprovider', 'add'],
      ['authentik_crypto.certificatekeypair', 'add'],
    ],
  },
  list: {
    path: 'providers/all',
    title: 'Providers',
    intro: 'How applications sign people in: the protocol side of an application.',
    noun: 'provider',
    plural: 'providers',
    order: 'name',
    remove: true,
    key: (row: Provider) => row.pk,
    name: (row: Provider) => row.name,
    summary: (row: Provider) => [row.verbose_name, row.assigned_application_name || 'no application'].join(' · '),
    columns: [
      { label: 'Name', sort: 'name', cell: (row: Provider) => ({ text: row.name, href: href(`/core/providers/${row.pk}`) }) },
      {
        label: 'Application',
        cell: (row: Provider) => {
          const slug = row.assigned_application_slug || row.assigned_backchannel_application_slug;
          const name = row.assigned_application_name || row.assigned_backchannel_application_name;
          return slug
            ? { text: name ?? slug, href: href(`/core/applications/${slug}`) }
            : { text: 'Not used yet', tone: 'warn', title: 'No application uses this provider' };
        },
      },
      { label: 'Type', cell: (row: Provider) => ({ text: row.verbose_name, soft: true }) },
    ],
    actions: (row: Provider) => [{ text: 'Edit', needs: 'change', href: href(`/core/providers/${row.pk}/edit`) }],
    empty: {
      title: 'No providers yet',
      text: 'A provider speaks the protocol of an application, most often OAuth2/OpenID. It makes the client ID and the secret.',
    },
  },
};

/** Whether common applications are told how to use it. */
export const hasQuickStarts = (provider: Provider): boolean => /\.(oauth2|saml)provider$/.test(provider.meta_model_name);

const TYPES: Record<string, string> = { proxy: 'Proxy', ldap: 'LDAP', radius: 'RADIUS' };

export const outposts: Area = {
  base: '/core/outposts',
  model: 'authentik_outposts.outpost',
  kind: 'outposts/instances',
  key: (row) => row.pk,
  title: (row) => row.name,
  opens: (row) => `/core/outposts/${row.pk}`,
  list: {
    path: 'outposts/instances',
    title: 'Outposts',
    intro: 'Programs beside your applications that sign people in for them: as a reverse proxy, by LDAP or by RADIUS.',
    noun: 'outpost',
    plural: 'outposts',
    order: 'name',
    remove: true,
    key: (row: Outpost) => row.pk,
    name: (row: Outpost) => row.name,
    summary: (row: Outpost) => [TYPES[row.type] ?? row.type, count(row)].join(' · '),
    columns: [
      { label: 'Name', sort: 'name', cell: (row: Outpost) => ({ text: row.name, href: href(`/core/outposts/${row.pk}`) }) },
      { label: 'Type', sort: 'type', cell: (row: Outpost) => ({ text: TYPES[row.type] ?? row.type, soft: true }) },
      {
        label: 'Providers',
        cell: (row: Outpost) => ({ text: row.managed ? 'All proxy providers' : row.providers_obj.map(({ name }) => name).join(', ') }),
      },
    ],
    actions: (row: Outpost) => [{ text: 'Edit', needs: 'change', href: href(`/core/outposts/${row.pk}/edit`) }],
    empty: {
      title: 'No outposts yet',
      text: 'This server answers for proxy providers itself. An outpost does so elsewhere: beside applications that only it can reach.',
    },
  },
};

function count(row: Outpost): string {
  if (row.managed) return 'inside this server';
  return row.providers.length === 1 ? '1 provider' : `${row.providers.length} providers`;
}
