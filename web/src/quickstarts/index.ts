// How common applications are set up with a provider: data in YAML, whose texts name the provider's values as `@name@`.
// The data of a protocol is loaded when its page opens.

export interface QuickStart {
  name: string;
  slug: string;
  /** The application's own documentation. */
  docs: string;
  /** An address of the application, as an example. */
  app?: string;
  /** What the address is called that the texts are made of. */
  asks?: string;
  /** OAuth2: where people return to. */
  redirects?: string[];
  /** OAuth2: what the application calls its redirect URI, which is another one at each installation. */
  shown?: string;
  /** OAuth2: it keeps no secret. */
  public?: boolean;
  /** SAML: fields of the provider. */
  provider?: Record<string, string>;
  before?: string;
  settings: Setting[];
  after?: string;
}

/** A text of a file, or what is typed into the fields of a page. */
export interface Setting {
  in: string;
  text?: string;
  fields?: Record<string, string>;
}

export interface Group {
  title: string;
  entries: QuickStart[];
}

export type Protocol = 'oauth2' | 'saml';
export type Values = Record<string, string>;

/** Values that are secret, and so are put in when somebody asks. */
export const SECRET = 'client_secret';

/** What the texts of a protocol may name. */
export const NAMES: Record<Protocol, readonly string[]> = {
  oauth2: [
    'app',
    'host',
    'origin',
    'random',
    'client_id',
    SECRET,
    'issuer',
    'issuer_bare',
    'discovery',
    'authorize',
    'authorize_path',
    'token',
    'token_path',
    'userinfo',
    'userinfo_path',
    'logout',
    'jwks',
  ],
  saml: ['app', 'host', 'entity_id', 'metadata', 'sso_redirect', 'sso_post', 'slo_redirect', 'certificate', 'certificate_text'],
};

const FILES = import.meta.glob<Group>(['./oauth2/*.yaml', './saml.yaml'], { import: 'default' });

export async function groups(protocol: Protocol): Promise<Group[]> {
  const files = Object.keys(FILES).filter((file) => file.startsWith(`./${protocol}`));
  return Promise.all(files.sort().map((file) => (FILES[file] as () => Promise<Group>)()));
}

const PLACE = /@([a-z_]+)@/g;

export const fill = (text: string, values: Values): string => text.replace(PLACE, (whole, name: string) => values[name] ?? whole);

/** Every text of an entry that may name values. */
export function texts(entry: QuickStart): string[] {
  const settings = entry.settings.flatMap(({ text, fields }) => [text ?? '', ...Object.values(fields ?? {})]);
  return [...(entry.redirects ?? []), ...Object.values(entry.provider ?? {}), ...settings];
}

export const places = (text: string): string[] => [...text.matchAll(PLACE)].map(([, name]) => name ?? '');

export const names = (entry: QuickStart, place: string): boolean => texts(entry).some((text) => places(text).includes(place));

/** An address that the reader typed, without what follows it; nothing where it is none. */
export function address(typed: string): string | undefined {
  const text = typed.trim();
  if (text === '') return undefined;
  try {
    const url = new URL(/^https?:\/\//i.test(text) ? text : `https://${text}`);
    return url.hostname ? (url.origin + url.pathname).replace(/\/+$/, '') : undefined;
  } catch {
    return undefined;
  }
}

export const example = (entry: QuickStart): string => entry.app ?? `https://${entry.slug}.company.example`;

export const ofApp = (app: string): Values => ({ app, host: URL.canParse(app) ? new URL(app).host : app });

/** What the texts for an OAuth2 provider are filled with. */
export function ofOAuth2(clientId: string, urls: Record<string, string | null>): Values {
  const at = (name: string): string => urls[name] ?? '';
  const path = (address: string): string => (URL.canParse(address) ? new URL(address).pathname : '');
  return {
    client_id: clientId,
    origin: URL.canParse(at('authorize')) ? new URL(at('authorize')).origin : '',
    issuer: at('issuer'),
    issuer_bare: at('issuer').replace(/\/$/, ''),
    discovery: at('provider_info'),
    authorize: at('authorize'),
    authorize_path: path(at('authorize')),
    token: at('token'),
    token_path: path(at('token')),
    userinfo: at('user_info'),
    userinfo_path: path(at('user_info')),
    logout: at('logout'),
    jwks: at('jwks'),
  };
}

/** The same for a SAML provider, whose certificate is in PEM. */
export const ofSaml = (provider: Record<string, any>, certificate: string): Values => ({
  entity_id: provider.issuer as string,
  metadata: provider.url_download_metadata as string,
  sso_redirect: provider.url_sso_redirect as string,
  sso_post: provider.url_sso_post as string,
  slo_redirect: provider.url_slo_redirect as string,
  certificate: certificate.trim(),
  certificate_text: certificate.replace(/-----[^-]+-----|\s/g, ''),
});

/** A key for the application's own use, as long as libraries want it. */
export function random(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let made = '';
  while (made.length < 32) {
    // What is above a multiple of the letters would make some of them likelier.
    for (const byte of crypto.getRandomValues(new Uint8Array(48))) if (byte < 248 && made.length < 32) made += letters[byte % 62];
  }
  return made;
}

/** What the provider has to know for an entry, and whether it does. */
export interface Want {
  field: string;
  label: string;
  value: string;
  done: boolean;
  /** What is there instead. */
  now?: string;
}

const LABELS: Record<string, string> = {
  acs_url: 'ACS URL',
  audience: 'Audience',
  sp_binding: 'Service Provider Binding',
  sls_url: 'SLS URL',
  sls_binding: 'SLS Binding',
};

export interface Registered {
  matching_mode: string;
  url: string;
}

const fits = ({ matching_mode, url }: Registered, address: string): boolean => {
  if (matching_mode !== 'regex') return url === address;
  try {
    return new RegExp(`^(?:${url})$`).test(address);
  } catch {
    return false;
  }
};

export function wants(entry: QuickStart, provider: Record<string, any>, values: Values): Want[] {
  const known = (provider.redirect_uris ?? []) as Registered[];
  const redirects = (entry.redirects ?? []).map((redirect) => {
    const value = fill(redirect, values);
    return { field: 'redirect_uris', label: 'Redirect URI', value, done: known.some((uri) => fits(uri, value)) };
  });
  const fields = Object.entries(entry.provider ?? {}).map(([field, text]) => {
    const value = fill(text, values);
    const now = String(provider[field] ?? '');
    return { field, label: LABELS[field] ?? field, value, done: now === value, now: now === value ? undefined : now };
  });
  return [...redirects, ...fields];
}

/** The change of the provider after which nothing is wanted. */
export function change(missing: Want[], provider: Record<string, any>): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const { field, value } of missing) {
    if (field !== 'redirect_uris') made[field] = value;
    else made[field] = [...((made[field] ?? provider[field] ?? []) as Registered[]), { matching_mode: 'strict', url: value }];
  }
  return made;
}
