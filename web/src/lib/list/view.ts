// What somebody chose for a list, as plain data.
import type { State } from '../href';
import type { Column } from './spec';

export interface View {
  name: string;
  /** What the address holds: search, chips, filters, order. */
  state: State;
}

export interface Kept {
  /** Columns that were switched on or off, by their label. */
  columns?: Record<string, boolean>;
  views?: View[];
}

/** Of what is kept, what can be used; somebody else may have written there. */
export function parse(text: string | null): Kept {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return value && typeof value === 'object' && !Array.isArray(value) ? (value as Kept) : {};
  } catch {
    return {};
  }
}

/** The columns that are shown: the first always is, the others as somebody chose or as the list begins. */
export const visible = (all: Column[], chosen: Record<string, boolean> = {}): Column[] =>
  all.filter((column, at) => at === 0 || (chosen[column.label] ?? !column.extra));

/** The parts of an address that make a view; the page one is on is none. */
export const viewed = ({ search, chips, filters, tableOrder }: State): State => ({ search, chips, filters, tableOrder });
