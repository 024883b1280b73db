// Form metadata: what each kind of object is called and which fields it has.
import { get } from './client';

export interface Target {
  space: string;
  path: string;
  model: string | null;
  key: 'uuid' | 'int';
  label_fields?: string[];
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

export interface Shape {
  type: ShapeType;
  choices?: { value: string; label: string }[] | null;
  target?: Target | null;
  item?: Shape | null;
  fields?: FieldMeta[] | null;
}

export interface FieldMeta {
  name: string;
  label: string;
  help?: string | null;
  group?: string | null;
  required: boolean;
  default?: any;
  write_only?: boolean;
  read_only?: boolean;
  nullable?: boolean;
  max_length?: number | null;
  min?: number | null;
  max?: number | null;
  placeholder?: string | null;
  widget?: string | null;
  show_if?: { field: string; value: any } | null;
  shape: Shape;
}

export interface Kind {
  model: string;
  path: string;
  title: string;
  plural: string;
  component: string;
  space: string;
  key: 'uuid' | 'int';
  lookup: string;
  description?: string;
  creatable: boolean;
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

/** The address of one object below the API's base. `lookup` names the field that is its key in addresses. */
export function objectPath(kind: Kind, row: Record<string, any>): string {
  return `${kind.path}/${encodeURIComponent(String(keyOf(kind, row)))}`;
}

export function keyOf(kind: Pick<Kind, 'path' | 'lookup'>, row: Record<string, any>): string | number {
  if (kind.lookup === 'slug' || kind.lookup === 'identifier') return row[kind.lookup] as string;
  return (row.pk ?? row[kind.lookup] ?? row.brand_uuid ?? row.uuid) as string | number;
}
