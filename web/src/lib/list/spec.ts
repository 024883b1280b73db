// A list page as data: where its rows come from, what its columns say, what can be done with a row.
import type { Query } from '../api/client';
import type { FieldMeta, Kind } from '../api/kinds';
import type { Row } from '../api/types';
import { ago } from '../format';
import type { MenuItem } from '../ui/Menu.svelte';
import type { Filter } from './filters';
import { say } from '../words';

export interface Cell {
  text: string;
  href?: string;
  tone?: 'ok' | 'warn' | 'bad' | 'accent' | 'plain';
  mono?: boolean;
  soft?: boolean;
  note?: string;
  title?: string;
  /** Kept on one line where there is a table. */
  whole?: boolean;
  /** The text in parts, of which some lead elsewhere. */
  parts?: { text: string; href?: string }[];
  /** A time, shown by its distance and by the clock; the text is what is said on phones. */
  time?: string | null;
}

type Shown = Cell | Cell[] | string | number | null | undefined;

export interface Column {
  label: string;
  sort?: string;
  /** Shown only when somebody asks for it. */
  extra?: boolean;
  cell: (row: any) => Shown;
}

export interface Chip {
  label: string;
  query: Query;
  /** Set from the start until it is switched off. */
  on?: boolean;
}

export interface ListSpec {
  /** Below the API's base. */
  path: string;
  query?: Query;
  title: string;
  intro: string;
  /** One object of the list, in lower case: "group". */
  noun: string;
  plural: string;
  order: string;
  /** Adds to rows what their answer does not say. */
  also?: (rows: Row[]) => Promise<Row[]>;
  /** Path of the kind that declares the columns, where the list names none itself. */
  kind?: string;
  columns?: Column[];
  /** Cells of declared columns that say more than their value. */
  cells?: Record<string, (row: any) => Shown>;
  /** Where the first declared column leads to. */
  open?: (row: any) => string;
  key: (row: any) => string | number;
  name: (row: any) => string;
  /** Second line on narrow screens. */
  summary: (row: any) => string;
  /** Parameter that the search goes to, where it is not `search`, and what one may write there. */
  searchBy?: string;
  searchHint?: string;
  /** `false` where the server has nothing to search in. */
  searchable?: boolean;
  chips?: Chip[];
  filters?: Filter[];
  /** Columns beyond those of the kind, for whoever asks for them. */
  extra?: Column[];
  /** What can be done to several rows at once, besides deleting them. */
  bulk?: Bulk[];
  /** Its rows come by themselves, so one may watch them come. */
  live?: boolean;
  actions?: (row: any, list: Refresh) => MenuItem[];
  /** Text why a row cannot be deleted, or nothing. */
  fixed?: (row: any) => string | undefined;
  remove?: boolean;
  /** Path of one object for deleting; defaults to `<path>/<key>`. */
  object?: (row: any) => string;
  empty: { title: string; text: string };
}

/** Something that can be done to several rows at once. */
export interface Bulk {
  text: string;
  /** What has to be permitted on each of the rows. */
  needs: string;
  /** Rows for which it changes something. */
  fits?: (row: any) => boolean;
  danger?: boolean;
  run: (rows: any[], list: Refresh) => void;
}

/** A time in a list: how long ago, and when. */
export const time = (value: string | null | undefined, never = '—'): Cell => ({
  text: value ? ago(value) : never,
  time: value ?? null,
  soft: true,
});

/** Chips and filters about the same thing release each other: what is lit is what filters. */
export const clash = (chip: Chip, filter: Filter): boolean =>
  (filter.as ?? filter.key) in chip.query || (filter.instead ?? []).some((name) => name in chip.query);

/** The chips that are lit after one was pressed. Two about the same field exclude each other: a row has one value of it. */
export function toggled(all: Chip[], lit: string[], label: string): string[] {
  if (lit.includes(label)) return lit.filter((other) => other !== label);
  const fields = (of: string): string[] => Object.keys(all.find((chip) => chip.label === of)?.query ?? {});
  const own = fields(label);
  return [...lit.filter((other) => !fields(other).some((field) => own.includes(field))), label];
}

/** The columns that a kind declares. */
export function declared(kind: Kind, spec: Pick<ListSpec, 'cells' | 'open'>): Column[] {
  return kind.columns.map(({ name, label, sort }, at) => {
    const field = kind.fields.find((field) => field.name === name);
    const own = spec.cells?.[name];
    const cell = (row: Row): Shown => (own ? own(row) : plain(row, name, field));
    return { label, sort: sort ? name : undefined, cell: at === 0 ? (row) => linked(cell(row), spec.open?.(row)) : cell };
  });
}

function linked(shown: Shown, href: string | undefined): Shown {
  if (Array.isArray(shown) || shown === null || shown === undefined || shown === '') return shown;
  return typeof shown === 'object' ? { href, ...shown } : { text: String(shown), href };
}

/** A value as its declared shape is shown in lists. */
function plain(row: Row, name: string, field: FieldMeta | undefined): Shown {
  const value: unknown = row[name];
  if (Array.isArray(value)) return value.length;
  switch (field?.shape.type) {
    case 'boolean':
      return value ? say('Yes') : { text: say('No'), soft: true };
    case 'choice':
      return { text: say(field.shape.choices?.find((choice) => choice.value === value)?.label ?? String(value ?? '')), soft: true };
    case 'time':
      return time(value as string | null);
    case 'reference':
      return (row[`${name}_obj`]?.name ?? row[`${name}_name`] ?? value) as string | null;
    default:
      return value as string | number | null;
  }
}

export interface Refresh {
  refresh: () => void;
}

export function cells(column: Column, row: Row): Cell[] {
  const value = column.cell(row);
  if (value === null || value === undefined || value === '') return [{ text: '—', soft: true }];
  if (Array.isArray(value)) return value;
  return [typeof value === 'object' ? value : { text: String(value) }];
}
