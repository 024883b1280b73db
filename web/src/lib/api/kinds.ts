// Form metadata: what each kind of object is called and which fields it has.
import { get, type Query } from './client';
import type { Form as Kind, FormTarget as Target } from './schema';

export type {
  Form as Kind,
  FormChoice as Choice,
  FormChoose as Choose,
  FormField as FieldMeta,
  FormFold as Fold,
  FormShape as Shape,
  FormTarget as Target,
} from './schema';

/** A kind as navigation and choices know it: without its form. */
export type KindName = Omit<Kind, 'folds' | 'columns' | 'fields'>;

const known = new Map<string, Promise<Kind[]>>();

/** What was asked for once; a failure is forgotten. */
function ask(query: Query): Promise<Kind[]> {
  const key = JSON.stringify(query);
  let asked = known.get(key);
  if (!asked) {
    asked = get<Kind[]>('countersign/kinds', query);
    asked.catch(() => known.delete(key));
    known.set(key, asked);
  }
  return asked;
}

/** Every kind, without forms. */
export const kinds = (): Promise<KindName[]> => ask({ brief: true });

async function find(what: string, query: Query): Promise<Kind> {
  const [kind] = await ask(query);
  if (!kind) throw new Error(`This server does not offer "${what}".`);
  return kind;
}

/** One kind with its form, at its path or by its component. */
export const kindAt = (path: string): Promise<Kind> => find(path, { path });
export const kindOfComponent = (component: string): Promise<Kind> => find(component, { component });

/** The address of one object below the API's base; the only one of its kind is at the kind's own. */
export function objectPath(kind: Kind, row: Record<string, any>): string {
  const key: unknown = row[kind.lookup];
  return key === undefined ? kind.path : `${kind.path}/${encodeURIComponent(String(key))}`;
}

/** References where no declaration is at hand. */
export const USERS: Target = { space: 'user', path: 'core/users', model: null, key: 'int', pk: 'pk', named: ['username', 'name'] };
export const GROUPS: Target = { space: 'group', path: 'core/groups', model: null, key: 'uuid', pk: 'pk', named: ['name'] };
export const APPLICATIONS: Target = {
  space: 'application',
  path: 'core/applications',
  model: 'authentik_core.application',
  key: 'uuid',
  // The API finds them by it.
  pk: 'slug',
  named: ['name'],
};
