import { ACTIONS, action, actor, deedParts, line, sentence, who } from '../../lib/events';
import type { Event, Row } from '../../lib/api/types';
import { USERS } from '../../lib/api/kinds';
import { ago, day } from '../../lib/format';
import { choices, type Filter } from '../../lib/list/filters';
import { time } from '../../lib/list/spec';
import { href } from '../../lib/router.svelte';
import type { Cell } from '../../lib/list/spec';
import type { Area } from './area';
import { say } from '../../lib/words';

export const brands: Area = {
  base: '/core/brands',
  model: 'authentik_brands.brand',
  kind: 'core/brands',
  key: (row) => row.brand_uuid,
  title: (row) => row.domain,
  list: {
    path: 'core/brands',
    title: 'Brands',
    intro: 'Look and default flows, by the host name people come to.',
    noun: 'brand',
    plural: 'brands',
    order: 'domain',
    remove: true,
    key: (row: Row) => row.brand_uuid as string,
    name: (row: Row) => row.domain as string,
    summary: (row: Row) => [row.branding_title, row.default ? 'default' : ''].filter(Boolean).join(' · '),
    kind: 'core/brands',
    open: (row: Row) => href(`/core/brands/${row.brand_uuid}/edit`),
    cells: { default: (row: Row) => (row.default ? { text: 'Default', tone: 'accent' } : { text: say('No'), soft: true }) },
    actions: (row: Row) => [{ text: 'Edit', needs: 'change', href: href(`/core/brands/${row.brand_uuid}/edit`) }],
    empty: { title: 'No brands', text: 'Without one, the built-in look and flows are used.' },
  },
};

/** How soon a certificate ends, said before it hurts. */
export function expiry(value: string | null | undefined): Cell {
  const days = value ? (new Date(value).getTime() - Date.now()) / 86400000 : undefined;
  if (days === undefined) return { text: '—', soft: true };
  if (days < 0) return { text: `Expired ${day(value)}`, tone: 'bad' };
  return days < 30 ? { text: `Ends ${ago(value)}`, tone: 'warn' } : { text: day(value), soft: true };
}

export const certificates: Area = {
  base: '/crypto/certificates',
  model: 'authentik_crypto.certificatekeypair',
  kind: 'crypto/certificatekeypairs',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'crypto/certificatekeypairs',
    title: 'Certificates',
    intro: 'Keys that sign tokens and secure connections.',
    noun: 'certificate',
    plural: 'certificates',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => [row.private_key_type ?? 'no key', `until ${day(row.cert_expiry as string)}`].join(' · '),
    kind: 'crypto/certificatekeypairs',
    open: (row: Row) => href(`/crypto/certificates/${row.pk}`),
    cells: {
      private_key_available: (row: Row) =>
        row.private_key_available
          ? { text: `Yes${row.private_key_type ? ` (${String(row.private_key_type).toUpperCase()})` : ''}`, tone: 'ok' }
          : { text: 'No', tone: 'plain' },
      cert_expiry: (row: Row) => expiry(row.cert_expiry as string | null),
    },
    actions: (row: Row) => [
      { text: 'Edit', needs: 'change', href: href(`/crypto/certificates/${row.pk}/edit`) },
      ...(row.certificate_download_url ? [{ text: 'Download certificate', href: row.certificate_download_url as string }] : []),
    ],
    empty: { title: 'No certificates', text: 'Tokens need a key to be signed with. Generate one, or import your own.' },
  },
};

const FILTERS: Filter[] = [
  { key: 'range', label: 'Time', type: 'range' },
  {
    key: 'actions',
    label: 'Action',
    type: 'choice',
    many: true,
    instead: ['action'],
    choices: choices(Object.fromEntries(Object.entries(ACTIONS).map(([value, word]) => [value, word.label]))),
  },
  { key: 'actor', label: 'Done by', type: 'reference', target: USERS },
  { key: 'subject', label: 'Concerns', type: 'reference', target: USERS },
  { key: 'client_ip', label: 'Client IP', type: 'text', hint: '203.0.113.7' },
  { key: 'context_model_name', label: 'Kind of object', type: 'text', hint: 'oauth2provider' },
];

export const events: Area = {
  base: '/events/log',
  model: 'authentik_events.event',
  creatable: false,
  key: (row) => row.pk,
  title: (row) => action(row as Event).label,
  list: {
    path: 'events/events',
    title: 'Logs',
    intro: 'What happened, who did it, and from where.',
    noun: 'event',
    plural: 'events',
    order: '-created',
    key: (row: Event) => row.pk,
    name: (row: Event) => action(row).label,
    summary: (row: Event) => `${line(row)} · ${ago(row.created)}`,
    chips: [
      { label: 'Failed logins', query: { action: 'login_failed' } },
      { label: 'Logins', query: { action: 'login' } },
      { label: 'Configuration errors', query: { action: 'configuration_error' } },
    ],
    filters: FILTERS,
    live: true,
    columns: [
      {
        label: 'Action',
        sort: 'action',
        cell: (row: Event) => ({ text: action(row).label, tone: action(row).tone, href: href(`/events/log/${row.pk}`) }),
      },
      {
        label: 'User',
        sort: 'user',
        cell: (row: Event) => {
          const { pk } = actor(row);
          return pk ? { text: who(row), href: href(`/identity/users/${pk}`) } : { text: who(row), soft: true };
        },
      },
      { label: 'What', cell: (row: Event) => ({ text: sentence(row), parts: deedParts(row) }) },
      { label: 'Creation Date', sort: 'created', cell: (row: Event) => time(row.created) },
      { label: 'Client IP', sort: 'client_ip', cell: (row: Event) => ({ text: row.client_ip ?? '—', mono: true }) },
      { label: 'App', sort: 'app', extra: true, cell: (row: Event) => ({ text: row.app, mono: true }) },
      { label: 'Brand', extra: true, cell: (row: Event) => row.brand?.name as string | undefined },
    ],
    actions: (row: Event) => [
      { text: 'Open', href: href(`/events/log/${row.pk}`) },
      ...(row.client_ip
        ? [{ text: `Only from ${row.client_ip}`, href: href('/events/log', { filters: { client_ip: row.client_ip } }) }]
        : []),
    ],
    empty: { title: 'No events yet', text: 'Sign-ins, refusals and changes appear here as they happen.' },
  },
};
