// The one place that talks to the server. Everything goes through the public REST interface.
import { t } from '../words';

/** The path that everything is served below; empty at the root. */
export const ROOT = globalThis.document?.documentElement.dataset.base ?? '';

export const BASE = ROOT + '/api/v3/';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Fields = Record<string, string[]>;

/** A refusal of the server, split into what belongs to fields and what belongs to the whole request. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Fields = {},
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get missing(): boolean {
    return this.status === 404;
  }
}

export type Query = Record<string, string | number | boolean | null | undefined | (string | number)[]>;

export function url(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value)) value.forEach((item) => params.append(name, String(item)));
    else params.set(name, String(value));
  }
  const search = params.toString();
  return BASE + path.replace(/^\/|\/$/g, '') + '/' + (search ? '?' + search : '');
}

function cookie(name: string): string {
  for (const part of document.cookie.split('; ')) {
    const at = part.indexOf('=');
    if (part.slice(0, at) === name) return decodeURIComponent(part.slice(at + 1));
  }
  return '';
}

/** The sign-in page, which leads to an address of ours afterwards. */
export const signInAt = (next: string): string => ROOT + '/flows/-/default/authentication/?next=' + encodeURIComponent(next);

/** Leaves for the sign-in page; comes back to this very place afterwards. */
function signIn(): Promise<void> {
  location.assign(signInAt(location.pathname + location.search + location.hash));
  return new Promise(() => undefined);
}

/** Why somebody has to sign in: the session ended, or what is asked for wants a sign-in of a moment ago. */
export type Why = 'ended' | 'proof';

let renew: (why: Why) => Promise<void> = signIn;

/** What to do about a sign-in that is needed, once the page holds what somebody entered: requests go on when it resolves. */
export function onSignInNeeded(handler: (why: Why) => Promise<void>): void {
  renew = handler;
}

const NOT_SIGNED_IN = 'Authentication credentials were not provided.';

/** Who is signed in, by the server; nothing for nobody. */
export async function whoIsThere<T>(): Promise<T | undefined> {
  const answer = await send('GET', 'core/users/me');
  if (answer.ok) return answer.data as T;
  if (isSignedOut(answer)) return undefined;
  throw toError(answer.status, answer.data);
}

/** Where an object keeps what it was known by when it was read. */
const READ = Symbol('read as');

interface Answer {
  ok: boolean;
  status: number;
  data: Json;
}

const isSignedOut = (answer: Answer): boolean => answer.status === 403 && toError(403, answer.data).message === NOT_SIGNED_IN;

/** What adds or removes a proof of who somebody is asks for one first. */
const wantsProof = ({ status, data }: Answer): boolean =>
  status === 403 && data !== null && typeof data === 'object' && 'code' in data && data.code === 'reauthentication_required';

/** Some refusals do not say that nobody is signed in; then the server is asked. */
async function sessionEnded(answer: Answer): Promise<boolean> {
  if (answer.status !== 403) return false;
  return isSignedOut(answer) || (await whoIsThere().catch(() => true)) === undefined;
}

export async function request<T>(method: string, path: string, query?: Query, body?: unknown, read?: object): Promise<T> {
  for (;;) {
    const answer = await send(method, path, query, body, read);
    if (answer.ok) return answer.data as T;
    // Nothing was done, so the same can be asked again.
    if (wantsProof(answer)) await renew('proof');
    else if (await sessionEnded(answer)) await renew('ended');
    else throw toError(answer.status, answer.data);
  }
}

/** For what a page asks by itself: an ended session is an error as any other. */
export async function quietly<T>(path: string, query?: Query): Promise<T> {
  const answer = await send('GET', path, query);
  if (answer.ok) return answer.data as T;
  throw toError(answer.status, answer.data);
}

async function send(method: string, path: string, query?: Query, body?: unknown, read?: object): Promise<Answer> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  const init: RequestInit = { method, headers, credentials: 'same-origin' };
  if (method !== 'GET') headers['X-authentik-CSRF'] = cookie('authentik_csrf');
  const match = (read as { [READ]?: string } | undefined)?.[READ];
  if (match) headers['If-Match'] = match;
  if (body instanceof FormData) {
    init.body = body;
  } else if (body !== undefined) {
    headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    // No answer brings a secret along: a page asks for the one it shows, which the server records.
    // Every object says what may be done with it.
    const effective = method === 'GET' ? true : undefined;
    response = await fetch(url(path, { ...query, secrets: 'masked', effective }), init);
  } catch {
    throw new ApiError(0, t('ui-unreachable'));
  }
  if (response.status === 204) return { ok: true, status: 204, data: null };
  const text = await response.text();
  let data: Json = null;
  try {
    data = text === '' ? null : (JSON.parse(text) as Json);
  } catch {
    data = null;
  }
  // Proxies that compress mark it as weak.
  const tag = response.headers.get('ETag')?.replace(/^W\//, '');
  if (tag && data !== null && typeof data === 'object') Object.defineProperty(data, READ, { value: tag });
  return { ok: response.ok, status: response.status, data };
}

/** Turns the server's error bodies (`{field: [texts]}`, nested, `detail`, `non_field_errors`) into one error. */
export function toError(status: number, data: Json): ApiError {
  const fields: Fields = {};
  const general: string[] = [];
  const collect = (value: Json, path: string): void => {
    if (typeof value === 'string') {
      if (path === '' || path === 'detail' || path === 'non_field_errors') general.push(value);
      else (fields[path] ??= []).push(value);
    } else if (Array.isArray(value)) {
      value.forEach((item, index) => collect(item, typeof item === 'string' ? path : `${path}.${index}`));
    } else if (value && typeof value === 'object') {
      for (const [key, item] of Object.entries(value)) {
        if (path === '' && key === 'code') continue;
        collect(item, path === '' ? key : key === 'non_field_errors' ? path : `${path}.${key}`);
      }
    }
  };
  collect(data, '');
  const message = general.join(' ') || (Object.keys(fields).length > 0 ? t('ui-fields-wrong') : fallback(status));
  return new ApiError(status, message, fields);
}

function fallback(status: number): string {
  if (status === 403) return t('ui-error-denied');
  if (status === 404) return t('ui-error-gone');
  if (status === 412) return t('ui-error-changed');
  if (status === 429) return t('ui-error-often');
  if (status === 502 || status === 503 || status === 504) return t('ui-error-busy');
  return t('ui-error-other', { status: String(status) });
}

export const get = <T>(path: string, query?: Query): Promise<T> => request<T>('GET', path, query);
export const post = <T>(path: string, body: unknown = {}, query?: Query): Promise<T> => request<T>('POST', path, query, body);
/** Changes an object; `read` is what it was when the change was made up, and refuses the change if it is something else by now. */
export const patch = <T>(path: string, body: unknown, read?: object): Promise<T> => request<T>('PATCH', path, undefined, body, read);
export const remove = (path: string): Promise<void> => request<void>('DELETE', path);

/** Why something was refused, where no field stands beside the words: what the server says of fields are sentences. */
export function refusal(error: unknown): string {
  if (!(error instanceof ApiError)) return reason(error);
  const texts = Object.values(error.fields).flat();
  return texts.length > 0 ? texts.join(' ') : error.message;
}

/** Text for people of whatever was thrown. */
export function reason(error: unknown): string {
  if (error instanceof ApiError) {
    const first = Object.entries(error.fields)[0];
    return first ? `${first[0].replaceAll('_', ' ')}: ${first[1].join(' ')}` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
