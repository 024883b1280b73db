// Form metadata: what each kind of object is called and which fields it has.
import { get } from './client';
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

let all: Promise<Kind[]> | undefined;

export function kinds(): Promise<Kind[]> {
  all ??= get<Kind[]>('countersign/kinds').catch((error: unknown) => {
    all = undefined;
    throw error;
  });
  return all;
}

async function find(what: string, test: (kind: Kind) => boolean): Promise<Kind> {
  const kind = (await kinds()).find(test);
  if (!kind) throw new Error(`This server does not offer "${what}".`);
  return kind;
}

export const kindAt = (path: string): Promise<Kind> => find(path, (kind) => kind.path === path);
export const kindOfComponent = (component: string): Promise<Kind> => find(component, (kind) => kind.component === component);

/** The address of one object below the API's base. */
export function objectPath(kind: Kind, row: Record<string, any>): string {
  return `${kind.path}/${encodeURIComponent(String(row[kind.lookup]))}`;
}

/** References where no declaration is at hand. */
export const USERS: Target = { space: 'user', path: 'core/users', model: null, key: 'int', pk: 'pk', named: ['username', 'name'] };
export const APPLICATIONS: Target = {
  space: 'application',
  path: 'core/applications',
  model: 'authentik_core.application',
  key: 'uuid',
  // The API finds them by it.
  pk: 'slug',
  named: ['name'],
};
