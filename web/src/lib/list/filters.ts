// Filters that combine: what can be asked of a list, as its address holds it, and what that asks of the server.
import type { Query } from '../api/client';
import type { Target } from '../api/kinds';
import { say } from '../words';

interface Base {
  /** Its name in the address. */
  key: string;
  label: string;
  /** The parameter it sets, where that has another name. */
  as?: string;
  /** Other parameters that ask the same. */
  instead?: string[];
}

export type Filter = Base &
  (
    | { type: 'choice'; choices: { value: string; label: string }[]; many?: boolean }
    | { type: 'text'; hint?: string }
    /** An object, kept with its name so that the address says whom it means. */
    | { type: 'reference'; target: Target }
    | { type: 'range' }
  );

/** The choices of a filter, from their words by value. */
export const choices = (words: Record<string, string>): { value: string; label: string }[] =>
  Object.entries(words).map(([value, label]) => ({ value, label }));

/** An object that was chosen. */
export interface Chosen {
  key: string | number;
  name: string;
}

/** A span of time: up to now, or between two days. */
export type Range = keyof typeof SPANS | { since?: string; until?: string };

export const SPANS = {
  '1h': { text: 'Last hour', seconds: 3600 },
  '24h': { text: 'Last 24 hours', seconds: 86400 },
  '7d': { text: 'Last 7 days', seconds: 7 * 86400 },
  '30d': { text: 'Last 30 days', seconds: 30 * 86400 },
} as const;

export type Values = Record<string, unknown>;

export function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.values(value).some((part) => part !== undefined && part !== '');
}

/** The filters that are set, without what the address names and the list does not know. */
export const lit = (all: Filter[], values: Values): Filter[] => all.filter((filter) => isSet(values[filter.key]));

/** What the filters ask of the server, all of them at once. */
export function asked(all: Filter[], values: Values, now = Date.now()): Query {
  return Object.assign({}, ...lit(all, values).map((filter) => one(filter, values[filter.key], now))) as Query;
}

function one(filter: Filter, value: unknown, now: number): Query {
  const name = filter.as ?? filter.key;
  switch (filter.type) {
    case 'range':
      return span(value as Range, now);
    case 'reference':
      return { [name]: (value as Chosen).key };
    default:
      return { [name]: value as string | string[] };
  }
}

function span(range: Range, now: number): Query {
  if (typeof range === 'string') return { since: new Date(now - (SPANS[range]?.seconds ?? 0) * 1000).toISOString() };
  const { since, until } = range;
  // Both days count, where the reader's clock says that they begin and end.
  const start = (day: string, later = 0): string | undefined => {
    const date = new Date(`${day}T00:00:00`);
    date.setDate(date.getDate() + later);
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
  };
  return { since: since ? start(since) : undefined, until: until ? start(until, 1) : undefined };
}

/** A filter that is set, in words. */
export function says(filter: Filter, value: unknown): string {
  switch (filter.type) {
    case 'choice': {
      const chosen = Array.isArray(value) ? (value as string[]) : [value as string];
      return chosen
        .map((one) => filter.choices.find((choice) => choice.value === one)?.label ?? one)
        .map((one) => say(one))
        .join(` ${say('or')} `);
    }
    case 'reference':
      return (value as Chosen).name;
    case 'range': {
      const range = value as Range;
      if (typeof range === 'string') return say(SPANS[range]?.text ?? range);
      return [range.since && say('from { $day }', { day: range.since }), range.until && say('to { $day }', { day: range.until })]
        .filter(Boolean)
        .join(' ');
    }
    case 'text':
      return String(value);
  }
}
