// Where an object that an event or a change names is shown.
import type { State } from './href';

export interface Place {
  path: string;
  state?: State;
}

/** Pages of objects by the end of their model's name; families share one. */
const PAGES: [model: RegExp, page: (key: string, name: string) => Place][] = [
  [/^user$/, (key) => ({ path: `/identity/users/${key}` })],
  [/^group$/, (key) => ({ path: `/identity/groups/${key}` })],
  [/^role$/, (key) => ({ path: `/identity/roles/${key}` })],
  // Their pages are called by a slug that events do not have.
  [/^application$/, (_, name) => ({ path: '/core/applications', state: { search: name } })],
  [/source$/, (_, name) => ({ path: '/core/sources', state: { search: name } })],
  [/^flow$/, (_, name) => ({ path: '/flow/flows', state: { search: name } })],
  [/^token$/, (_, name) => ({ path: '/core/tokens', state: { search: name } })],
  [/provider$/, (key) => ({ path: `/core/providers/${key}` })],
  [/stage$/, (key) => ({ path: `/flow/stages/${key}/edit` })],
  [/policy$/, (key) => ({ path: `/policy/policies/${key}/edit` })],
  [/mapping$/, (key) => ({ path: `/core/property-mappings/${key}/edit` })],
  [/^brand$/, (key) => ({ path: `/core/brands/${key}/edit` })],
  [/^certificatekeypair$/, (key) => ({ path: `/crypto/certificates/${key}` })],
  [/^notificationrule$/, (key) => ({ path: `/events/rules/${key}` })],
  [/^notificationtransport$/, (key) => ({ path: `/events/transports/${key}/edit` })],
  [/^outpost$/, (key) => ({ path: `/core/outposts/${key}` })],
  [/^blueprintinstance$/, (key) => ({ path: `/blueprints/instances/${key}/edit` })],
];

/** Keys are written without dashes in events. */
export function dashed(key: string): string {
  return /^[0-9a-f]{32}$/.test(key) ? key.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : key;
}

/** The page of what an event names: `{app, model_name, pk, name}`. */
export function pageOf(thing: unknown): Place | undefined {
  if (!thing || typeof thing !== 'object') return undefined;
  const { model_name: model, pk, name } = thing as { model_name?: unknown; pk?: unknown; name?: unknown };
  if (typeof model !== 'string' || pk === undefined || pk === null || pk === '') return undefined;
  const found = PAGES.find(([pattern]) => pattern.test(model));
  return found?.[1](dashed(String(pk)), String(name ?? ''));
}
