// Addresses of the administration interface. Everything but the shell is fetched when it is first opened.
import type { Component } from 'svelte';
import { AREAS } from '../areas';

export interface Route {
  pattern: string;
  load: () => Promise<{ default: Component<any> }>;
  props?: Record<string, unknown>;
}

const list = (): Promise<{ default: Component<any> }> => import('./ListPage.svelte');
const create = (): Promise<{ default: Component<any> }> => import('./CreatePage.svelte');
const edit = (): Promise<{ default: Component<any> }> => import('./EditPage.svelte');

/** Pages that stand in for the common list or form of their area. */
const own: Route[] = [
  { pattern: '/identity/groups', load: () => import('./GroupsPage.svelte') },
  { pattern: '/identity/groups/new', load: () => import('./GroupsPage.svelte'), props: { creating: true } },
  ...AREAS.filter(({ imports }) => imports).map((area) => ({
    pattern: `${area.base}/new/metadata`,
    load: () => import('./ImportMetadata.svelte'),
    props: { area },
  })),
  { pattern: '/core/applications/new/with-provider', load: () => import('./WithProvider.svelte') },
  { pattern: '/crypto/certificates/generate', load: () => import('./GeneratePage.svelte') },
];

const details: Route[] = [
  { pattern: '/administration/overview', load: () => import('./Overview.svelte') },
  { pattern: '/admin/settings', load: () => import('./SystemSettingsPage.svelte') },
  { pattern: '/administration/changes', load: () => import('./ChangesPage.svelte') },
  { pattern: '/administration/system-tasks', load: () => import('./TasksPage.svelte') },
  { pattern: '/administration/system-tasks/:id', load: () => import('./TaskPage.svelte') },
  { pattern: '/flow/simulate', load: () => import('./SimulatePage.svelte') },
  { pattern: '/flow/runs', load: () => import('./RunsPage.svelte') },
  { pattern: '/flow/runs/:id', load: () => import('./RunPage.svelte') },
  { pattern: '/core/applications/:slug', load: () => import('./ApplicationPage.svelte') },
  { pattern: '/core/providers/:id', load: () => import('./ProviderPage.svelte') },
  { pattern: '/identity/second-factors', load: () => import('./SecondFactorsPage.svelte') },
  { pattern: '/core/sources/:slug', load: () => import('./SourcePage.svelte') },
  { pattern: '/core/outposts/:id', load: () => import('./OutpostPage.svelte') },
  { pattern: '/identity/users/:id', load: () => import('./UserPage.svelte') },
  { pattern: '/identity/roles/:id', load: () => import('./RolePage.svelte') },
  { pattern: '/identity/groups/:id', load: () => import('./GroupPage.svelte') },
  { pattern: '/flow/flows/:slug', load: () => import('./FlowPage.svelte') },
  { pattern: '/crypto/certificates/:id', load: () => import('./CertificatePage.svelte') },
  { pattern: '/events/log/:id', load: () => import('./EventPage.svelte') },
  { pattern: '/events/rules/:id', load: () => import('./RulePage.svelte') },
];

const common: Route[] = AREAS.flatMap((area) => [
  { pattern: area.base, load: list, props: { area } },
  ...(area.creatable === false
    ? []
    : [
        { pattern: `${area.base}/new`, load: create, props: { area } },
        { pattern: `${area.base}/new/:type`, load: create, props: { area } },
        { pattern: `${area.base}/:id/edit`, load: edit, props: { area } },
      ]),
]);

const declared: Route[] = [
  { pattern: '/objects/:model', props: { load: list } },
  { pattern: '/objects/:model/new', props: { load: create } },
  { pattern: '/objects/:model/:id/edit', props: { load: edit } },
].map((route) => ({ ...route, load: () => import('./DeclaredPage.svelte') }));

export const ROUTES: Route[] = [...own, ...common, ...details, ...declared];
