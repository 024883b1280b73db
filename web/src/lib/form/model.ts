// A form as data: which fields in which order, the values to start with, and the body to send.
import type { FieldMeta, Kind, Shape } from '../api/kinds';
import type { Row } from '../api/types';
import { choose, COMMON_CHOICES, PRESETS, type Fold, type Preset } from './presets';

export interface Section {
  title: string;
  summary: string;
  open: boolean;
  fields: FieldMeta[];
}

export interface Layout {
  main: FieldMeta[];
  folds: Section[];
}

const NEVER = new Set(['pk', 'flow_set', 'managed', 'component', 'verbose_name', 'meta_model_name', 'background', 'last_login']);

/** Fields that an action of the object sets, with the body `{url}` or `{clear}`. */
const BY_ACTION: Record<string, Record<string, string>> = { 'core/applications': { meta_icon: 'set_icon_url' } };

/** What has to be asked of an object after its other fields are saved; takes those fields out of `send`. */
export function actions(kind: Kind, send: Row): { action: string; field: string; body: Row }[] {
  return Object.entries(BY_ACTION[kind.path] ?? {}).flatMap(([field, action]) => {
    if (!(field in send)) return [];
    const url: unknown = send[field];
    delete send[field];
    return [{ action, field, body: isEmpty(url) ? { clear: true } : { url } }];
  });
}

export function presetOf(kind: Kind): Preset | undefined {
  return PRESETS[kind.path];
}

/** The fields a person may edit, with the preset's words and conditions laid over the metadata. `unavailable`: this version
 * takes no value for it. */
function editable(kind: Kind, exclude: string[]): FieldMeta[] {
  const preset = presetOf(kind);
  return kind.fields
    .map((field) => (field.name in (BY_ACTION[kind.path] ?? {}) ? { ...field, read_only: false } : field))
    .filter((field) => !field.read_only && !NEVER.has(field.name) && possible(kind, field))
    .filter((field) => field.widget !== 'unavailable' && !exclude.includes(field.name) && !preset?.hide?.includes(field.name))
    .map((field) => ({
      ...field,
      label: preset?.labels?.[field.name] ?? field.label,
      help: preset?.help?.[field.name] ?? field.help,
      shape: worded(field.shape, preset?.choices?.[field.name] ?? COMMON_CHOICES[field.name], preset?.offered?.[field.name]),
      show_if: (preset?.when?.[field.name] as FieldMeta['show_if']) ?? field.show_if,
    }));
}

function worded(shape: Shape, words: Record<string, string> = {}, offered?: string[]): Shape {
  if (!shape.choices) return shape;
  const choices = shape.choices
    .filter((choice) => !offered || offered.includes(choice.value))
    .map((choice) => ({ ...choice, label: words[choice.value] ?? choice.label }));
  return { ...shape, choices };
}

/** References to things this server does not have cannot be chosen. */
function possible(kind: Kind, field: FieldMeta): boolean {
  const target = field.shape.target ?? field.shape.item?.target;
  return !target || (choose(kind.path, field.name).path ?? target.path) !== '';
}

/** `must` names fields that this very form needs, although the kind does not. */
export function layout(kind: Kind, exclude: string[] = [], must: string[] = []): Layout {
  const preset = presetOf(kind);
  const fields = editable(kind, exclude).map((field) => (must.includes(field.name) ? { ...field, required: true } : field));
  const byName = new Map(fields.map((field) => [field.name, field]));
  const take = (names: string[]): FieldMeta[] =>
    names.flatMap((name) => {
      const field = byName.get(name);
      byName.delete(name);
      return field ? [field] : [];
    });
  const section = (fold: Fold): Section => ({
    title: fold.title,
    summary: fold.summary ?? '',
    open: fold.open ?? false,
    fields: take(fold.fields),
  });

  const main = preset ? take(preset.main) : take(fields.filter((field) => !field.group).map((field) => field.name));
  const folds = (preset?.folds ?? []).map(section);
  const groups = new Set([...byName.values()].flatMap((field) => field.group ?? []));
  for (const title of groups) {
    const names = [...byName.values()].filter((field) => field.group === title).map((field) => field.name);
    const known = folds.find((fold) => fold.title === title);
    if (known) known.fields.push(...take(names));
    else folds.push({ title, summary: '', open: !preset, fields: take(names) });
  }
  const rest = [...byName.values()];
  if (rest.length > 0) folds.push({ title: 'More settings', summary: '', open: false, fields: rest });
  return { main, folds: folds.filter((fold) => fold.fields.length > 0) };
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

export function initial(kind: Kind, fields: FieldMeta[], row: Row | undefined, prefill: Row): Row {
  const preset = presetOf(kind);
  const values: Row = {};
  for (const field of fields) {
    const given = row ? row[field.name] : (prefill[field.name] ?? preset?.start?.[field.name] ?? field.default);
    const undecided = field.nullable && field.shape.type === 'boolean';
    values[field.name] = undecided
      ? (given ?? null)
      : structuredClone(given ?? (field.shape.type === 'choice' ? firstChoice(field) : empty(field.shape)));
  }
  return values;
}

/** A required choice of few starts with its first; everything else starts unchosen. */
function firstChoice(field: FieldMeta): string | null {
  return field.required && !field.nullable ? (field.shape.choices?.[0]?.value ?? '') : field.nullable ? null : '';
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

export function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

const UNITS: Record<string, string> = { s: 'seconds', m: 'minutes', min: 'minutes', h: 'hours', d: 'days', w: 'weeks' };

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
