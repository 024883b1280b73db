import { ROOT, reason, url } from '../../lib/api/client';
import type { Flow, Row, Stage } from '../../lib/api/types';
import { copyText } from '../../lib/clipboard';
import { ago, moment, plural } from '../../lib/format';
import { href } from '../../lib/router.svelte';
import { toasts } from '../../lib/toast.svelte';
import type { Area } from './area';

export const DESIGNATIONS: Record<string, string> = {
  authentication: 'Authentication',
  authorization: 'Authorization',
  invalidation: 'Invalidation',
  enrollment: 'Enrollment',
  unenrollment: 'Unenrollment',
  recovery: 'Recovery',
  stage_configuration: 'Stage Configuration',
};

export const flows: Area = {
  base: '/flow/flows',
  model: 'authentik_flows.flow',
  kind: 'flows/instances',
  key: (row) => row.slug,
  title: (row) => row.slug,
  opens: (row) => `/flow/flows/${row.slug}`,
  list: {
    path: 'flows/instances',
    title: 'Flows',
    intro: 'What people go through: signing in, agreeing, setting up, leaving.',
    noun: 'flow',
    plural: 'flows',
    order: 'slug',
    remove: true,
    key: (row: Flow) => row.slug,
    name: (row: Flow) => row.slug,
    summary: (row: Flow) => [DESIGNATIONS[row.designation] ?? row.designation, plural(row.stages.length, 'stage')].join(' · '),
    chips: ['authentication', 'authorization', 'invalidation'].map((designation) => ({
      label: DESIGNATIONS[designation] ?? designation,
      query: { designation },
    })),
    kind: 'flows/instances',
    open: (row: Flow) => href(`/flow/flows/${row.slug}`),
    cells: { designation: (row: Flow) => ({ text: DESIGNATIONS[row.designation] ?? row.designation, tone: 'plain' }) },
    actions: (row: Flow) => [
      { text: 'Edit', needs: 'change', href: href(`/flow/flows/${row.slug}/edit`) },
      { text: 'Execute', href: `${ROOT}/if/flow/${row.slug}/`, newTab: true },
      { text: 'Export', needs: 'export_flow', href: url(`flows/instances/${encodeURIComponent(row.slug)}/export`) },
    ],
    empty: { title: 'No flows', text: 'A flow is a chain of stages. Without one nobody can sign in.' },
  },
};

export const stages: Area = {
  base: '/flow/stages',
  model: 'authentik_flows.stage',
  family: 'stages/all',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'stages/all',
    title: 'Stages',
    intro: 'The single steps flows are made of.',
    noun: 'stage',
    plural: 'stages',
    order: 'name',
    remove: true,
    key: (row: Stage) => row.pk,
    name: (row: Stage) => row.name,
    summary: (row: Stage) => row.verbose_name,
    columns: [
      { label: 'Name', sort: 'name', cell: (row: Stage) => ({ text: row.name, href: href(`/flow/stages/${row.pk}/edit`) }) },
      { label: 'Type', cell: (row: Stage) => ({ text: row.verbose_name, soft: true }) },
      {
        label: 'Flows',
        cell: (row: Stage) => {
          const first = row.flow_set?.[0];
          if (!first) return { text: 'Not used yet', tone: 'warn' };
          const more = (row.flow_set?.length ?? 1) - 1;
          return { text: first.slug, href: href(`/flow/flows/${first.slug}`), note: more > 0 ? `and ${more} more` : undefined };
        },
      },
    ],
    actions: (row: Stage) => [{ text: 'Edit', needs: 'change', href: href(`/flow/stages/${row.pk}/edit`) }],
    empty: { title: 'No stages', text: 'A stage asks for one thing or does one thing, and is used in flows.' },
  },
};

export const prompts: Area = {
  base: '/flow/stages/prompts',
  model: 'authentik_stages_prompt.prompt',
  kind: 'stages/prompt/prompts',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'stages/prompt/prompts',
    title: 'Prompts',
    intro: 'Single fields that prompt stages ask for.',
    noun: 'prompt',
    plural: 'prompts',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => [row.field_key, row.type].join(' · '),
    kind: 'stages/prompt/prompts',
    open: (row: Row) => href(`/flow/stages/prompts/${row.pk}/edit`),
    cells: {
      field_key: (row: Row) => ({ text: row.field_key as string, mono: true }),
      type: (row: Row) => ({ text: row.type as string, soft: true }),
    },
    actions: (row: Row) => [{ text: 'Edit', needs: 'change', href: href(`/flow/stages/prompts/${row.pk}/edit`) }],
    empty: { title: 'No prompts', text: 'A prompt is one field: its label, its kind, and the name its answer is kept under.' },
  },
};

/** The address that whoever is invited opens. */
const invitationLink = (row: Row): string => `${location.origin}${ROOT}/if/flow/${row.flow_obj?.slug}/?itoken=${row.pk}`;

async function copyInvitation(row: Row): Promise<void> {
  try {
    await copyText(invitationLink(row));
    toasts.say('Link copied. Whoever has it can use the invitation.');
  } catch (error) {
    toasts.say(`The link was not copied: ${reason(error)}`, 'bad');
  }
}

export const invitations: Area = {
  base: '/flow/stages/invitations',
  model: 'authentik_stages_invitation.invitation',
  kind: 'stages/invitation/invitations',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'stages/invitation/invitations',
    title: 'Invitations',
    intro: 'Links that let people into a flow which is for invited people only.',
    noun: 'invitation',
    plural: 'invitations',
    order: 'expires',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => [row.flow_obj?.slug, row.single_use ? 'once' : ''].filter(Boolean).join(' · '),
    kind: 'stages/invitation/invitations',
    open: (row: Row) => href(`/flow/stages/invitations/${row.pk}/edit`),
    cells: {
      created_by: (row: Row) => ({ text: row.created_by?.username as string, href: href(`/identity/users/${row.created_by?.pk}`) }),
      expires: (row: Row) =>
        row.expires
          ? { text: ago(row.expires as string), soft: true, title: moment(row.expires as string) }
          : { text: 'Never', tone: 'warn' },
    },
    actions: (row: Row) => [
      ...(row.flow_obj ? [{ text: 'Copy link', run: () => void copyInvitation(row) }] : []),
      { text: 'Edit', needs: 'change', href: href(`/flow/stages/invitations/${row.pk}/edit`) },
    ],
    empty: {
      title: 'No invitations yet',
      text: 'An invitation is a link to a flow with an invitation stage. It can be for one use, and carry answers that are filled in already.',
    },
  },
};
