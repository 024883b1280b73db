// Who is told of what: rules choose events, transports carry them.
import { post, reason } from '../../lib/api/client';
import type { Row } from '../../lib/api/types';
import type { Cell } from '../../lib/list/spec';
import { href } from '../../lib/router.svelte';
import { toasts } from '../../lib/toast.svelte';
import type { Area } from './area';

const SEVERITIES: Record<string, Cell> = {
  notice: { text: 'Notice', tone: 'plain' },
  warning: { text: 'Warning', tone: 'warn' },
  alert: { text: 'Alert', tone: 'bad' },
};

export const severity = (word: string): Cell => SEVERITIES[word] ?? { text: word };

export const rules: Area = {
  base: '/events/rules',
  model: 'authentik_events.notificationrule',
  kind: 'events/rules',
  opens: (row) => `/events/rules/${row.pk}`,
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'events/rules',
    title: 'Notification Rules',
    intro: 'Tell a group of events that any of the bound policies passes.',
    noun: 'notification rule',
    plural: 'notification rules',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => [severity(row.severity).text, row.group_obj?.name ?? 'told to nobody'].join(' · '),
    kind: 'events/rules',
    open: (row: Row) => href(`/events/rules/${row.pk}`),
    cells: {
      severity: (row: Row) => severity(row.severity),
      group: (row: Row) =>
        row.group_obj
          ? { text: row.group_obj.name as string, href: href(`/identity/groups/${row.group}`) }
          : { text: 'Nobody', tone: 'warn', title: 'Without a group this rule tells nobody' },
    },
    actions: (row: Row) => [
      { text: 'Edit', needs: 'change', href: href(`/events/rules/${row.pk}/edit`) },
      { text: 'Policies', href: href(`/events/rules/${row.pk}`) },
    ],
    empty: { title: 'No rules yet', text: 'A rule says which events matter, how much, and who is told.' },
  },
};

/** Sends the person who asks a notification over a transport. */
export async function tryOut(transport: Row): Promise<void> {
  try {
    const answer = await post<{ messages: string[] }>(`events/transports/${transport.pk}/test`);
    toasts.say([`${transport.name}: sent.`, ...answer.messages].join(' '));
  } catch (error) {
    toasts.say(`${transport.name}: ${reason(error)}`, 'bad');
  }
}

export const transports: Area = {
  base: '/events/transports',
  model: 'authentik_events.notificationtransport',
  kind: 'events/transports',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'events/transports',
    title: 'Notification Transports',
    intro: 'The ways notifications take: here, by mail, or to another server.',
    noun: 'notification transport',
    plural: 'notification transports',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => row.mode_verbose as string,
    kind: 'events/transports',
    open: (row: Row) => href(`/events/transports/${row.pk}/edit`),
    actions: (row: Row) => [
      { text: 'Test', run: () => void tryOut(row) },
      { text: 'Edit', needs: 'change', href: href(`/events/transports/${row.pk}/edit`) },
    ],
    empty: { title: 'No transports', text: 'Notifications need a way to reach people.' },
  },
};
