// What can be said of a value before the server is asked: the rules it will apply, in the person's words.
import type { FieldMeta } from '../api/kinds';
import { durationText, isEmpty } from './model';

const UNITS = ['microseconds', 'milliseconds', 'seconds', 'minutes', 'hours', 'days', 'weeks'];

/** What is wrong with a value that somebody left; nothing where it is right or empty. */
export function check(field: FieldMeta, value: unknown): string | undefined {
  if (isEmpty(value)) return undefined;
  const { shape, max_length, min, max } = field;
  if (shape.type === 'integer' || shape.type === 'float') {
    const number = Number(value);
    if (Number.isNaN(number)) return 'Enter a number.';
    if (shape.type === 'integer' && !Number.isInteger(number)) return 'Enter a whole number.';
    if (min !== null && number < min) return `Enter ${min} or more.`;
    if (max !== null && number > max) return `Enter ${max} or less.`;
    return undefined;
  }
  if (typeof value !== 'string') return undefined;
  if (max_length !== null && value.length > max_length) return `Use at most ${max_length} characters; these are ${value.length}.`;
  switch (shape.type) {
    case 'slug':
      return /^[-a-zA-Z0-9_]+$/.test(value) ? undefined : 'Use letters, digits, - and _ only.';
    case 'email':
      return /^[^\s@]+@[^\s@]+$/.test(value) ? undefined : 'Enter an e-mail address, as name@example.com.';
    case 'duration':
      return duration(durationText(value));
    default:
      return undefined;
  }
}

function duration(text: string): string | undefined {
  const wrong = 'Enter a number with a unit, as minutes=10, 10m or hours=1;minutes=30.';
  for (const part of text.split(';').filter((part) => part.trim() !== '')) {
    const found = /^\s*([a-z]+)\s*=\s*(-?[\d.]+)\s*$/.exec(part);
    if (!found || !UNITS.includes(found[1] ?? '') || Number.isNaN(Number(found[2]))) return wrong;
  }
  return undefined;
}
