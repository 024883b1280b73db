// Form metadata: what each kind of object is called and which fields it has.
import { get } from './client';

export interface Target {
  space: string;
  path: string;
  model: string | null;
  key: 'uuid' | 'int';
  /** What rows call their key, and what names them to a person. */
  pk: string;
  named: string[];
}

export type ShapeType =
  | 'text'
  | 'multiline'
  | 'code'
  | 'slug'
  | 'url'
  | 'email'
  | 'duration'
  | 'secret'
  | 'boolean'
  | 'integer'
  | 'float'
  | 'time'
  | 'map'
  | 'choice'
  | 'reference'
  | 'list'
  | 'object';

export interface Choice {
  value: string;
  label: string;
  offered: boolean;
}

export interface Shape {
  type: ShapeType;
  choices?: Choice[];
  target?: Target;
  item?: Shape;
  fields?: FieldMeta[];
}

/** What a reference is chosen from, and what a new object begins with. */
export interface Choose {
  path: string | null;
  query: Record<string, string>;
  prefer: { field: string; values: string[] } | null;
  only: boolean;
}

export interface FieldMeta {
  name: string;
  label: string;
  help: string;
  group: string | null;
  required: boolean;
  default: any;
  start: any;
  write_only: boolean;
  read_only: boolean;
  hidden: boolean;
  nullable: boolean;
  max_length: number | null;
  min: number | null;
  max: number | null;
  placeholder: string | null;
  widget: 'password' | 'radio' | null;
  action: string | null;
  choose: Choose | null;
  show_if: { field: string; value: string } | null;
  shape: Shape;
}

export interface Fold {
  title: string;
  summary: string;
  open: boolean;
}

export interface KindColumn {
  name: string;
  label: string;
  sort: boolean;
}

export interface Kind {
  model: string;
  path: string;
  title: string;
  plural: string;
  component: string;
  space: string;
  key: 'uuid' | 'int';
  /** What rows call their key, and the field that addresses name them by. */
  pk: string;
  lookup: string;
  label: string | null;
  description: string;
  creatable: boolean;
  section: string | null;
  ordering: string[];
  aside: { title: string; text: string } | null;
  folds: Fold[];
  columns: KindColumn[];
  fields: FieldMeta[];
}

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

/** A reference to an account, where no declaration is at hand. */
export const USERS: Target = { space: 'user', path: 'core/users', model: null, key: 'int', pk: 'pk', named: ['username', 'name'] };
