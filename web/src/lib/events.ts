// Events as sentences a person understands.
import type { Actor, Event, Person, Row } from './api/types';
import { pageOf } from './objects';
import { href } from './href';

type Tone = 'ok' | 'warn' | 'bad' | 'plain';

interface Word {
  label: string;
  tone: Tone;
}

export const ACTIONS: Record<string, Word> = {
  login: { label: 'Login', tone: 'ok' },
  login_failed: { label: 'Failed login', tone: 'bad' },
  logout: { label: 'Logout', tone: 'plain' },
  user_write: { label: 'User written', tone: 'plain' },
  suspicious_request: { label: 'Suspicious request', tone: 'bad' },
  password_set: { label: 'Password set', tone: 'plain' },
  secret_view: { label: 'Secret viewed', tone: 'warn' },
  secret_rotate: { label: 'Secret rotated', tone: 'plain' },
  invitation_used: { label: 'Invitation used', tone: 'plain' },
  authorize_application: { label: 'Application authorized', tone: 'ok' },
  source_linked: { label: 'Source linked', tone: 'plain' },
  impersonation_started: { label: 'Impersonation started', tone: 'warn' },
  impersonation_ended: { label: 'Impersonation ended', tone: 'plain' },
  flow_execution: { label: 'Flow execution', tone: 'plain' },
  policy_execution: { label: 'Policy execution', tone: 'plain' },
  policy_exception: { label: 'Policy exception', tone: 'bad' },
  property_mapping_exception: { label: 'Property mapping exception', tone: 'bad' },
  system_task_execution: { label: 'Task execution', tone: 'plain' },
  system_task_exception: { label: 'Task exception', tone: 'bad' },
  system_exception: { label: 'System exception', tone: 'bad' },
  configuration_error: { label: 'Configuration error', tone: 'warn' },
  model_created: { label: 'Created', tone: 'plain' },
  model_updated: { label: 'Updated', tone: 'plain' },
  model_deleted: { label: 'Deleted', tone: 'plain' },
  email_sent: { label: 'Email sent', tone: 'plain' },
  custom_notification_test: { label: 'Notification test', tone: 'plain' },
  update_available: { label: 'Update available', tone: 'warn' },
};

export function action(event: Event): Word {
  const words = event.action.replace(/^custom_/, '').replaceAll('_', ' ');
  return ACTIONS[event.action] ?? { label: words.charAt(0).toUpperCase() + words.slice(1), tone: 'plain' };
}

const MODELS: Record<string, string> = {
  oauth2provider: 'OAuth2/OpenID provider',
  proxyprovider: 'proxy provider',
  samlprovider: 'SAML provider',
  samlpropertymapping: 'SAML property mapping',
  ldapprovider: 'LDAP provider',
  outpost: 'outpost',
  outpostserviceconnection: 'outpost integration',
  radiusprovider: 'Radius provider',
  radiusproviderpropertymapping: 'Radius property mapping',
  flowstagebinding: 'stage binding',
  policybinding: 'policy binding',
  expressionpolicy: 'expression policy',
  scopemapping: 'scope mapping',
  certificatekeypair: 'certificate',
  userconsent: 'consent',
  authenticatedsession: 'session',
  applicationentitlement: 'application entitlement',
};

/** The name of a model for people. */
export function modelWord(model: string): string {
  return (
    MODELS[model] ??
    model
      .replaceAll('_', ' ')
      .replace(/(stage|policy|provider|mapping|source)$/, ' $1')
      .trim()
  );
}

/** Who did it; in events from before that was recorded, the account they name. */
export function actor(event: Event): Actor {
  if (event.actor) return event.actor;
  if (event.action === 'login_failed') return { type: 'anonymous', username: '' };
  const user = event.user;
  if (user?.username && !user.is_anonymous && user.username !== 'AnonymousUser') return { type: 'user', ...(user as Person) };
  return { type: 'system', username: '' };
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export function byWhom(actor: Actor): string {
  switch (actor.type) {
    case 'user':
      return actor.on_behalf_of ? `${actor.username} as ${actor.on_behalf_of.username}` : actor.username;
    case 'anonymous':
      return 'Somebody';
    case 'console':
      return 'Somebody at the server’s console';
    case 'blueprint':
      return capital(actor.through ?? 'a blueprint');
    case 'system':
      return 'The server';
  }
}

export const who = (event: Event): string => byWhom(actor(event));

/** The account an event concerns, where that is somebody else than who did it. */
function other(event: Event): string {
  const subject = event.subject;
  return subject && subject.pk !== event.actor?.pk ? subject.username : '';
}

const isOwn = (event: Event): boolean => !!event.subject && event.subject.pk === event.actor?.pk;

function namedBy(value: unknown): string {
  if (value && typeof value === 'object') {
    const row = value as Row;
    return String(row.name ?? row.username ?? row.slug ?? row.pk ?? '');
  }
  return typeof value === 'string' ? value : '';
}

const DEEDS = [
  'login',
  'login_failed',
  'logout',
  'authorize_application',
  'password_set',
  'user_write',
  'model_created',
  'model_updated',
  'model_deleted',
  'secret_view',
  'impersonation_started',
  'impersonation_ended',
];

/** The event as one line: somebody did something, or what the server has to say. */
export function headline(event: Event): { who: string; text: string } {
  return DEEDS.includes(event.action) ? { who: who(event), text: sentence(event) } : { who: '', text: sentence(event) };
}

export function line(event: Event): string {
  const { who, text } = headline(event);
  return who ? `${who} ${text}` : text;
}

/** A part of a sentence; one that names something leads to it. */
export interface Part {
  text: string;
  href?: string;
}

/** The sentence of an event, in which each name is a link where there is a page to go to. */
export function parts(event: Event): Part[] {
  const { who } = headline(event);
  const { pk } = actor(event);
  const lead: Part[] = who === '' ? [] : [{ text: who, href: pk ? href(`/identity/users/${pk}`) : undefined }, { text: ' ' }];
  return [...lead, ...deedParts(event)];
}

/** As `parts`, without who did it. */
export function deedParts(event: Event): Part[] {
  const { context, subject } = event;
  const named: Part[] = [];
  if (subject) named.push({ text: subject.username, href: href(`/identity/users/${subject.pk}`) });
  for (const thing of [context.authorized_application, context.application, context.model, context.secret]) {
    const name = namedBy(thing);
    const page = pageOf(thing);
    if (name !== '' && page) named.push({ text: name, href: href(page.path, page.state) });
  }
  return linked(sentence(event), named).filter((part) => part.text !== '');
}

/** A text whose last mention of each name is that link. */
function linked(text: string, names: Part[]): Part[] {
  const [first, ...rest] = names;
  if (!first) return [{ text }];
  const at = text.lastIndexOf(first.text);
  if (at < 0) return linked(text, rest);
  return [...linked(text.slice(0, at), rest), first, ...linked(text.slice(at + first.text.length), rest)];
}

/** What was done, to follow the name of who did it; or the message of what went wrong. */
export function sentence(event: Event): string {
  const text = deed(event);
  const { type, through } = actor(event);
  // A blueprint is named as who did it.
  return through && type !== 'blueprint' && DEEDS.includes(event.action) ? `${text} (${through})` : text;
}

function deed(event: Event): string {
  const { context } = event;
  const model = namedBy(context.model);
  const kind = modelWord(String((context.model as Row | undefined)?.model_name ?? ''));
  const app = namedBy(context.authorized_application) || namedBy(context.application);
  const subject = other(event);
  switch (event.action) {
    case 'login':
      return app ? `signed in to ${app}` : 'signed in';
    case 'login_failed': {
      const tried = subject || namedBy(context.username) || (event.actor ? '' : namedBy(event.user));
      return tried ? `failed to sign in as ${tried}` : 'failed to sign in';
    }
    case 'logout':
      return 'signed out';
    case 'authorize_application':
      return `opened ${app || 'an application'}`;
    case 'password_set':
      if (isOwn(event)) return 'set their own password';
      return subject ? `set the password of ${subject}` : 'set a password';
    case 'user_write': {
      const whose = subject || namedBy(context.username) || 'an account';
      if (isOwn(event)) return context.created ? 'made their own account' : 'changed their own account';
      return `${context.created ? 'created' : 'changed'} ${whose}`;
    }
    case 'impersonation_started':
      return `started to act as ${subject || 'somebody else'}`;
    case 'impersonation_ended':
      return subject ? `stopped acting as ${subject}` : 'stopped acting as somebody else';
    case 'model_created':
    case 'model_updated':
    case 'model_deleted':
      if (isOwn(event) && event.action === 'model_updated') return 'updated their own account';
      return `${event.action.slice(6)} ${[kind, model].filter(Boolean).join(' ')}`;
    case 'custom_notification_test':
      return 'A transport was tried out';
    case 'secret_view': {
      const what = String(context.field ?? context.type ?? 'secret').replaceAll('_', ' ');
      return `looked at the ${what} of ${namedBy(context.secret) || 'an object'}`;
    }
    default:
      return String(context.message ?? context.reason ?? context.error ?? model ?? '') || action(event).label;
  }
}
