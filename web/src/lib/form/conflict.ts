// What to know when an object is no longer what it was when its form was opened.
import { get } from '../api/client';
import { objectPath, type FieldMeta, type Kind } from '../api/kinds';
import type { Actor, Event, Page, Row } from '../api/types';
import { initial, same } from './model';

export interface Overtaken {
  /** The object as it is now. */
  row: Row;
  /** Who changed it, for those who may read the log. */
  by?: Actor;
  at?: string;
  /** What differs from what the form began with; with one's own value where that differs, too. */
  theirs: { name: string; before: unknown; after: unknown; mine?: { value: unknown } }[];
  /** Something was changed here that they left alone. */
  kept: boolean;
}

/** Compares what a form began with, what it says, and what is stored by now. */
export function compare(fields: FieldMeta[], before: Row, values: Row, row: Row): Pick<Overtaken, 'theirs' | 'kept'> {
  const now = initial(fields, row, {});
  const theirs = fields
    .filter((field) => field.shape.type !== 'secret' && !field.write_only)
    .filter(({ name }) => !same(now[name], before[name]))
    .map(({ name }) => ({
      name,
      before: before[name] as unknown,
      after: now[name],
      ...(same(values[name], before[name]) || same(values[name], now[name]) ? {} : { mine: { value: values[name] as unknown } }),
    }));
  const kept = fields.some(({ name }) => !same(values[name], before[name]) && same(now[name], before[name]));
  return { theirs, kept };
}

export async function overtaken(kind: Kind, fields: FieldMeta[], before: Row, values: Row, known: Row): Promise<Overtaken> {
  const row = await get<Row>(objectPath(kind, known));
  const [app, model] = kind.model.split('.');
  const query = {
    context_model_app: app,
    context_model_name: model,
    context_model_pk: String(row[kind.pk]),
    ordering: '-created',
    page_size: 1,
  };
  const last = await get<Page<Event>>('events/events', query).then(
    (page) => page.results[0],
    () => undefined,
  );
  return { row, by: last?.actor ?? undefined, at: last?.created, ...compare(fields, before, values, row) };
}
