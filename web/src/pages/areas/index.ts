// Every area, and the navigation that leads to them. Sections and words are those of the original.
import { mappings, policies } from './access';
import { applications, outposts, providers } from './applications';
import type { KindName } from '../../lib/api/kinds';
import { declared, type Area } from './area';
import { groups, tokens, users } from './directory';
import type { Needs } from '../../lib/rights';
import { initialPermissions, roles } from './rights';
import { flows, invitations, prompts, stages } from './flows';
import { rules, transports } from './notifications';
import { sources } from './sources';
import { brands, certificates, events } from './system';
import { blueprints } from './tasks';

/** Prompts and invitations before stages: their addresses begin with that of the stages. */
export const AREAS: Area[] = [
  applications,
  providers,
  outposts,
  users,
  groups,
  roles,
  initialPermissions,
  sources,
  tokens,
  policies,
  mappings,
  flows,
  prompts,
  invitations,
  stages,
  brands,
  certificates,
  events,
  rules,
  transports,
  blueprints,
];

export interface Section {
  title: string;
  items: { text: string; path: string; also?: string; needs?: Needs[] }[];
}

const item = (area: Area, also?: string): Section['items'][number] => ({
  text: area.list.title,
  path: area.base,
  also,
  needs: [[area.model, 'view']],
});

/** Edits of these are kept, and shown to who may view what they changed. */
const KEPT: Needs[] = [applications, providers, outposts, sources, policies, mappings, flows, stages, brands, roles, rules, transports].map(
  (area) => [area.model, 'view'],
);

const SECTIONS: Section[] = [
  { title: 'Home', items: [{ text: 'Overview', path: '/administration/overview', also: 'dashboard start' }] },
  {
    title: 'Applications',
    items: [item(applications, 'apps'), item(providers, 'oauth openid oidc client'), item(outposts, 'proxy ldap radius edge')],
  },
  {
    title: 'Directory',
    items: [
      item(users, 'people accounts'),
      item(groups, 'members'),
      item(roles, 'permissions rights delegation'),
      item(initialPermissions, 'rights owner'),
      {
        text: 'Second factors',
        path: '/identity/second-factors',
        also: 'mfa totp passkey webauthn authenticators who has',
        needs: [['authentik_core.user', 'view', 'all']],
      },
      item(sources, 'saml oauth ldap external identity provider social login'),
      item(tokens, 'api keys'),
      item(invitations, 'enrollment sign up'),
    ],
  },
  { title: 'Access', items: [item(policies, 'customization rules'), item(mappings, 'customization scopes claims')] },
  {
    title: 'Flows and Stages',
    items: [
      item(flows),
      item(stages),
      item(prompts, 'fields'),
      {
        text: 'Runs',
        path: '/flow/runs',
        also: 'trace decisions why refused',
        needs: [['authentik_flows.flow', 'inspect_flow']],
      },
      {
        text: 'Simulator',
        path: '/flow/simulate',
        also: 'try access what if why refused',
        // Both of them: what is missing is said by the page.
        needs: [['authentik_core.user', 'view_user_applications']],
      },
    ],
  },
  { title: 'Events', items: [item(events, 'audit history'), item(rules, 'alerts tell'), item(transports, 'webhook slack mail email')] },
  {
    title: 'System',
    items: [
      item(brands, 'look theme'),
      item(certificates, 'keys tls'),
      item(blueprints, 'customization yaml files'),
      {
        text: 'System Tasks',
        path: '/administration/system-tasks',
        also: 'jobs queue worker schedule',
        needs: [['authentik_events.systemtask', 'view']],
      },
      {
        text: 'Settings',
        path: '/admin/settings',
        also: 'system configuration impersonation retention',
        needs: [['authentik_rbac.systempermission', 'view_system_settings']],
      },
      { text: 'Changes', path: '/administration/changes', also: 'history undo rollback diff', needs: KEPT },
    ],
  },
];

/** The navigation, with the kinds that only their declaration brings into it. */
export const sections = (all: KindName[]): Section[] =>
  SECTIONS.map((section) => ({ ...section, items: [...section.items, ...undrawn(all, section.title).map((area) => item(area))] }));

/** Areas of the kinds that no page here is about. */
export function undrawn(all: KindName[], section?: string): Area[] {
  const drawn = ({ path }: KindName): boolean =>
    AREAS.some(({ kind, family }) => kind === path || (family && path.startsWith(family.replace(/all$/, ''))));
  const own = all.filter((kind) => kind.section && !drawn(kind));
  return own.filter((kind) => !section || kind.section === section).map(declared);
}
