// An object as code that applies on any server: what it names, it names by names, never by keys that this server gave.
import * as yaml from 'js-yaml';
import { get } from '../api/client';
import { kinds, type FieldMeta, type Kind } from '../api/kinds';
import type { Page, Row } from '../api/types';

/** An object that a field names: how it is found on another server. */
export interface Named {
  model: string;
  path: string;
  /** The key that forms and the API name it by. */
  pk: string;
  field: string;
  value: string;
}

/** What fields name, by the value that stands in the form. */
export type Names = Map<string, Named>;

type Reference = { path: string; pk: string; named: string[] };

function referred(field: FieldMeta): Reference | undefined {
  const target = field.shape.target ?? field.shape.item?.target;
  return target ? { path: field.choose?.path ?? target.path, pk: target.pk, named: target.named } : undefined;
}

const each = (value: unknown): (string | number)[] =>
  (Array.isArray(value) ? value : [value])
    .filter((one): one is string | number => typeof one === 'string' || typeof one === 'number')
    .filter((one) => one !== '');

/** An object by the key that forms name it by, which is not always the one of its address. */
async function read({ path, pk }: Reference, key: string | number): Promise<Row | undefined> {
  const found = await get<Row>(`${path}/${encodeURIComponent(String(key))}`).catch(() => undefined);
  if (found && String(found[pk]) === String(key)) return found;
  return (await get<Page<Row>>(path, { page_size: 1000 })).results.find((row) => String(row[pk]) === String(key));
}

/** Asks what the values of a form name. What cannot be read stays a key. */
export async function resolve(fields: FieldMeta[], values: Row): Promise<Names> {
  const all = await kinds();
  const found: Names = new Map();
  const asked = fields.flatMap((field) => {
    const target = referred(field);
    return target ? each(values[field.name]).map((value) => ({ target, value })) : [];
  });
  await Promise.all(
    asked.map(async ({ target, value }) => {
      const row = await read(target, value).catch(() => undefined);
      if (!row) return;
      const model = String(row.meta_model_name ?? all.find((kind) => kind.path === target.path)?.model ?? '');
      const name = [row.managed ? 'managed' : '', ...target.named].find(
        (name) => name !== '' && typeof row[name] === 'string' && row[name] !== '',
      );
      if (model && name) found.set(String(value), { model, path: target.path, pk: target.pk, field: name, value: String(row[name]) });
    }),
  );
  return found;
}

/** Secrets never leave the form this way; pictures are files of their own server. */
export function shareable(kind: Kind, values: Row): Row {
  const kept = kind.fields.filter((field) => field.shape.type !== 'secret' && !field.action && field.name in values);
  return Object.fromEntries(kept.map((field) => [field.name, values[field.name] as unknown]));
}

/** The field by whose value the object is found again: a declared name, and no key that this server gave it. */
export function identity(kind: Kind, whole: Row): string {
  const names = [kind.lookup, kind.label ?? '', ...kind.ordering].filter((name) => name !== kind.pk);
  return names.find((name) => whole[name] !== undefined && whole[name] !== '') ?? 'name';
}

/** Values with each key of another object exchanged for something else. */
function exchanged(kind: Kind, values: Row, names: Names, by: (named: Named) => unknown): Row {
  const one = (value: unknown): unknown => {
    const named = names.get(String(value));
    return named ? by(named) : value;
  };
  const entries = Object.entries(values).map(([name, value]): [string, unknown] => {
    const field = kind.fields.find((field) => field.name === name);
    if (!field || !referred(field)) return [name, value];
    return [name, Array.isArray(value) ? value.map(one) : one(value)];
  });
  return Object.fromEntries(entries);
}

/** A mark that YAML writes without quotes, and nobody types. */
const mark = (at: number): string => `__named_${at}__`;

export function blueprint(kind: Kind, values: Row, names: Names): string {
  const shown: Named[] = [];
  const marked = exchanged(kind, values, names, (named) => mark(shown.push(named) - 1));
  const key = identity(kind, values);
  const attrs = Object.fromEntries(Object.entries(marked).filter(([name]) => name !== key));
  const text = yaml.dump(
    { version: 1, metadata: { name: kind.title }, entries: [{ model: kind.model, identifiers: { [key]: values[key] ?? '' }, attrs }] },
    { lineWidth: 100 },
  );
  return shown.reduce(
    (text, { model, field, value }, at) => text.replace(mark(at), () => `!Find [${model}, [${field}, ${JSON.stringify(value)}]]`),
    text,
  );
}

/** A name as shells and Terraform take it. */
const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase() || 'it';

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(kind: Kind, values: Row, names: Names, base: string, editing: boolean): string {
  const variables = new Map<string, Named>();
  const name = (named: Named): string => {
    const start = plain(`${named.model.split('.')[1] ?? ''} ${named.value}`).toUpperCase();
    variables.set(start, named);
    return `@@${start}@@`;
  };
  const body = JSON.stringify(exchanged(kind, values, names, name), null, 2);
  const key = identity(kind, values);
  const find = (variable: string, path: string, pk: string, field: string, value: string): string =>
    `${variable}=$(curl -fsSG "$SERVER/api/v3/${path}/" -H "Authorization: Bearer $TOKEN" \\\n  -d page_size=1000 --data-urlencode ${quoted(`${field}=${value}`)} | jq --arg value ${quoted(value)} '.results[] | select(.${field} == $value) | .${pk}')`;
  const lines = [...variables].map(([variable, { path, pk, field, value }]) => find(variable, path, pk, field, value));
  let address = `${kind.path}/`;
  if (editing && key !== kind.lookup) {
    lines.push(find('OBJECT', kind.path, kind.lookup, key, String(values[key] ?? '')));
    address += '$(echo "$OBJECT" | jq -r .)/';
  } else if (editing) address += `${encodeURIComponent(String(values[key] ?? ''))}/`;
  // `jq` gives keys as JSON: texts with their quotes, numbers without.
  const data = quoted(body).replace(/"@@(\w+)@@"/g, (_, variable: string) => `'"$${variable}"'`);
  return [
    `SERVER=${quoted(base)}`,
    ...lines,
    '',
    `curl -fsS -X ${editing ? 'PATCH' : 'POST'} "$SERVER/api/v3/${address}" \\`,
    '  -H "Authorization: Bearer $TOKEN" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d ${data}`,
  ].join('\n');
}

/** How the Terraform provider calls a kind, and the fields it calls otherwise. */
const TERRAFORM: Record<string, { type: string; fields?: Record<string, string> }> = {
  'authentik_core.application': { type: 'application', fields: { provider: 'protocol_provider' } },
  'authentik_core.group': { type: 'group' },
  'authentik_core.user': { type: 'user' },
  'authentik_flows.flow': { type: 'flow' },
  'authentik_crypto.certificatekeypair': { type: 'certificate_key_pair' },
  'authentik_brands.brand': { type: 'brand' },
  'authentik_rbac.role': { type: 'rbac_role' },
  'authentik_providers_oauth2.oauth2provider': { type: 'provider_oauth2', fields: { redirect_uris: 'allowed_redirect_uris' } },
  'authentik_providers_oauth2.scopemapping': { type: 'property_mapping_provider_scope' },
  'authentik_providers_proxy.proxyprovider': { type: 'provider_proxy' },
  'authentik_policies_expression.expressionpolicy': { type: 'policy_expression' },
  'authentik_policies_reputation.reputationpolicy': { type: 'policy_reputation' },
  'authentik_policies_dummy.dummypolicy': { type: 'policy_dummy' },
  'authentik_policies_password.passwordpolicy': { type: 'policy_password' },
  'authentik_events.notificationrule': { type: 'event_rule' },
  'authentik_events.notificationtransport': { type: 'event_transport' },
};

/** Data sources of the Terraform provider that find an object by a name. */
const SOURCES: Record<string, string> = {
  'authentik_flows.flow': 'flow',
  'authentik_core.group': 'group',
  'authentik_core.user': 'user',
  'authentik_crypto.certificatekeypair': 'certificate_key_pair',
  'authentik_providers_oauth2.scopemapping': 'property_mapping_provider_scope',
  'authentik_providers_saml.samlpropertymapping': 'property_mapping_provider_saml',
  'authentik_brands.brand': 'brand',
};

/** Stages are called by the part of the original they come from. */
function resource(model: string): { type: string; fields?: Record<string, string> } | undefined {
  const stage = /^authentik_stages_(\w+)\.\w+stage$/.exec(model);
  return TERRAFORM[model] ?? (stage ? { type: `stage_${stage[1]}` } : undefined);
}

export const inTerraform = (kind: Kind): boolean => resource(kind.model) !== undefined;

/** Something that is written without quotes. */
class Bare {
  constructor(readonly text: string) {}
}

function hcl(value: unknown, indent: string): string {
  if (value instanceof Bare) return value.text;
  if (typeof value === 'string') {
    return JSON.stringify(value).replace(/[$%](?=\{)/g, (start) => start + start);
  }
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return `[\n${value.map((one) => `${deeper}${hcl(one, deeper)},\n`).join('')}${indent}]`;
  }
  if (value && typeof value === 'object') {
    const lines = Object.entries(value).map(
      ([name, one]) => `${deeper}${/^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name)} = ${hcl(one, deeper)}\n`,
    );
    return lines.length === 0 ? '{}' : `{\n${lines.join('')}${indent}}`;
  }
  return String(value);
}

export function terraform(kind: Kind, values: Row, names: Names): string {
  const made = resource(kind.model);
  if (!made) return '';
  const blocks = new Map<string, string>();
  const named = exchanged(kind, values, names, (one) => {
    const called = plain(one.value);
    const source = SOURCES[one.model];
    // What has no data source is a resource of the same configuration.
    if (!source) return new Bare(`authentik_${resource(one.model)?.type ?? plain(one.model.split('.')[1] ?? '')}.${called}.id`);
    blocks.set(`${source} ${called}`, `data "authentik_${source}" "${called}" {\n  ${one.field} = ${hcl(one.value, '  ')}\n}\n`);
    return new Bare(`data.authentik_${source}.${called}.id`);
  });
  const lines = Object.entries(named)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => {
      const json = kind.fields.find((field) => field.name === name)?.shape.type === 'map';
      return [made.fields?.[name] ?? name, json ? `jsonencode(${hcl(value, '  ')})` : hcl(value, '  ')] as const;
    });
  const wide = Math.max(0, ...lines.map(([name]) => name.length));
  const body = lines.map(([name, value]) => `  ${name.padEnd(wide)} = ${value}\n`).join('');
  const key = identity(kind, values);
  return [...blocks.values(), `resource "authentik_${made.type}" "${plain(String(values[key] ?? 'it'))}" {\n${body}}\n`].join('\n');
}
