// A form as data: which fields in which order, the values to start with, and the body to send.
import type { Choice, FieldMeta, Fold, Kind, Shape } from '../api/kinds';
import type { Row } from '../api/types';

/** A field of a form that no kind declares. */
export const field = (name: string, label: string, more: Partial<FieldMeta> = {}): FieldMeta => ({
  name,
  label,
  help: '',
  group: null,
  required: false,
  default: null,
  start: null,
  write_only: false,
  read_only: false,
  hidden: false,
  nullable: false,
  max_length: null,
  min: null,
  max: null,
  placeholder: null,
  widget: null,
  action: null,
  choose: null,
  show_if: null,
  shape: { type: 'text' },
  ...more,
});

export interface Section extends Fold {
  fields: FieldMeta[];
}

export interface Layout {
  main: FieldMeta[];
  folds: Section[];
}

/** What has to be asked of an object after its other fields are saved: fields that an action sets, with the body `{url}` or
 * `{clear}`, or the action beside it that takes a file. Takes those fields out of `send`. */
export function actions(kind: Kind, send: Row): { action: string; field: string; body: Row | FormData }[] {
  return kind.fields.flatMap((field): { action: string; field: string; body: Row | FormData }[] => {
    if (!field.action || !(field.name in send)) return [];
    const url: unknown = send[field.name];
    delete send[field.name];
    if (url instanceof File) {
      const form = new FormData();
      form.append('file', url);
      return [{ action: field.action.replace(/_url$/, ''), field: field.name, body: form }];
    }
    return [{ action: field.action, field: field.name, body: isEmpty(url) ? { clear: true } : { url } }];
  });
}

/** Whether a person may edit it here. References to things this server does not have cannot be chosen. */
function editable(field: FieldMeta): boolean {
  const target = field.shape.target ?? field.shape.item?.target;
  const possible = !target || (field.choose?.path ?? target.path) !== '';
  return possible && !field.hidden && (!field.read_only || Boolean(field.action));
}

/** `must` names fields that this very form needs, although the kind does not. */
export function layout(kind: Kind, exclude: string[] = [], must: string[] = []): Layout {
  const fields = kind.fields
    .filter((field) => editable(field) && !exclude.includes(field.name))
    .map((field) => (must.includes(field.name) ? { ...field, required: true } : field));
  const part = (title: string | null): FieldMeta[] => fields.filter((field) => (field.group ?? null) === title);
  const folds = kind.folds.map((fold) => ({ ...fold, fields: part(fold.title) }));
  return { main: part(null), folds: folds.filter((fold) => fold.fields.length > 0) };
}

export function empty(shape: Shape): unknown {
  switch (shape.type) {
    case 'boolean':
      return false;
    case 'list':
      return [];
    case 'map':
      return {};
    case 'object':
      return Object.fromEntries((shape.fields ?? []).map((field) => [field.name, field.default ?? empty(field.shape)]));
    case 'reference':
    case 'integer':
    case 'float':
    case 'time':
      return null;
    default:
      return '';
  }
}

export function initial(fields: FieldMeta[], row: Row | undefined, prefill: Row): Row {
  const values: Row = {};
  for (const field of fields) {
    const given = row ? row[field.name] : (prefill[field.name] ?? field.start ?? field.default);
    const undecided = field.nullable && field.shape.type === 'boolean';
    values[field.name] = undecided
      ? (given ?? null)
      : structuredClone(given ?? (field.shape.type === 'choice' ? firstChoice(field) : empty(field.shape)));
  }
  return values;
}

/** The choices a person may make; those that the server keeps for itself only where they were made already. */
export const offered = (shape: Shape, now?: unknown): Choice[] =>
  (shape.choices ?? []).filter((choice) => choice.offered || choice.value === now);

/** A required choice of few starts with its first; everything else starts unchosen. */
function firstChoice(field: FieldMeta): string | null {
  return field.required && !field.nullable ? (offered(field.shape)[0]?.value ?? '') : field.nullable ? null : '';
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

export function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

const UNITS: Record<string, string> = { s: 'seconds', m: 'minutes', min: 'minutes', h: 'hours', d: 'days', w: 'weeks' };

export const UNIT_NAMES = ['seconds', 'minutes', 'hours', 'days', 'weeks'];

/** A duration that is one number with one unit, or a number whose unit is not said yet. */
export function simple(text: string): { number: string; unit: string } | undefined {
  const found = /^\s*(?:([a-z]+)\s*=\s*)?(\d+)\s*;?\s*$/.exec(durationText(text));
  if (!found) return undefined;
  const unit = found[1] ?? '';
  return unit === '' || UNIT_NAMES.includes(unit) ? { number: found[2] ?? '', unit } : undefined;
}

/** People may write `10m`; the server wants `minutes=10`. */
export function durationText(text: string): string {
  const parts = [...text.trim().matchAll(/(\d+)\s*(min|[smhdw])\b/gi)];
  const left = text.replace(/(\d+)\s*(min|[smhdw])\b/gi, '').trim();
  if (parts.length === 0 || left !== '') return text.trim();
  return parts.map((part) => `${UNITS[(part[2] ?? '').toLowerCase()]}=${part[1]}`).join(';');
}

function outgoing(field: FieldMeta, value: unknown): unknown {
  const { shape } = field;
  if (shape.type === 'duration' && typeof value === 'string') return durationText(value);
  if (shape.type === 'list' && shape.item?.type === 'object' && Array.isArray(value)) {
    const texts = (shape.item.fields ?? []).filter((part) => part.shape.type !== 'choice').map((part) => part.name);
    return value.filter((row: Row) => texts.length === 0 || texts.some((name) => !isEmpty(row[name])));
  }
  if (isEmpty(value) && field.nullable) return null;
  return value;
}

/** A new object sends what is required or differs from the server's own default; an edited one sends what changed. */
export function body(fields: FieldMeta[], values: Row, before: Row, editing: boolean): Row {
  const out: Row = {};
  for (const field of fields) {
    const value = outgoing(field, values[field.name]);
    if (editing) {
      // What nobody entered anew stays as it is stored.
      if ((field.write_only || field.shape.type === 'secret') && isEmpty(value)) continue;
      if (!same(value, outgoing(field, before[field.name]))) out[field.name] = value;
    } else {
      const silent = isEmpty(value) || same(value, field.default ?? null);
      if (field.required || !silent) out[field.name] = value;
    }
  }
  return out;
}

/** What can be said before asking the server. */
export function missing(fields: FieldMeta[], values: Row, editing: boolean): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const field of fields) {
    if (!field.required || (editing && (field.write_only || field.shape.type === 'secret'))) continue;
    if (field.shape.type === 'list' || field.shape.type === 'map' || field.shape.type === 'boolean') continue;
    if (isEmpty(values[field.name])) found[field.name] = ['This field is required.'];
  }
  return found;
}

export function visible(field: FieldMeta, values: Row): boolean {
  if (!field.show_if) return true;
  const { value } = field.show_if;
  const now: unknown = values[field.show_if.field];
  return Array.isArray(value) ? value.includes(now) : String(now) === String(value);
}

/** Whether a field is Python now: beside a switch of its own, while that is on. */
export const isExpression = ({ name, widget }: FieldMeta, values: Row): boolean =>
  widget === 'expression' && values[`${name}_expression`] !== false;
