// Words for values.
import { locale, t } from './words';

const DAY = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const MOMENT = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });

export function moment(value: string | null | undefined): string {
  const date = value ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? MOMENT.format(date) : '—';
}

export function day(value: string | null | undefined): string {
  const date = value ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? DAY.format(date) : '—';
}

const CLOCK = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const WITH_YEAR = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const EXACT = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'long' });

/** When something was, by the reader's clock: to the second, or the day where that is long ago. */
export function clock(value: string | null | undefined, now: number = Date.now()): string {
  const date = value ? new Date(value) : undefined;
  if (!date || Number.isNaN(date.getTime())) return '—';
  return Math.abs(date.getTime() - now) < 300 * 86400_000 ? CLOCK.format(date) : WITH_YEAR.format(date);
}

/** A time in full, with its zone. */
export function exact(value: string | null | undefined): string {
  const date = value ? new Date(value) : undefined;
  return date && !Number.isNaN(date.getTime()) ? EXACT.format(date) : '—';
}

const RELATIVE = new Intl.RelativeTimeFormat(locale, { style: 'short' });

/** "3 min. ago", "in 2 days"; far away times become dates. */
export function ago(value: string | null | undefined, now: number = Date.now()): string {
  const time = value ? new Date(value).getTime() : NaN;
  if (Number.isNaN(time)) return '—';
  const seconds = Math.round((time - now) / 1000);
  const size = Math.abs(seconds);
  const word = (count: number, unit: Intl.RelativeTimeFormatUnit): string => RELATIVE.format(Math.sign(seconds) * count, unit);
  if (size < 45) return t(seconds > 0 ? 'ui-soon' : 'ui-now');
  if (size < 3570) return word(Math.max(1, Math.round(size / 60)), 'minute');
  if (size < 84600) return word(Math.round(size / 3600), 'hour');
  if (size < 86400 * 28) return word(Math.round(size / 86400), 'day');
  return day(value);
}

export function initials(text: string): string {
  const words = text
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .split(' ')
    .filter(Boolean);
  const letters = words.length > 1 ? (words[0]?.[0] ?? '') + (words.at(-1)?.[0] ?? '') : (words[0] ?? '?').slice(0, 2);
  return letters.toUpperCase();
}

export function plural(count: number, one: string, many: string = one + 's'): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Units that are said by their name. */
const SPELLED = ['milliseconds', 'seconds', 'minutes', 'hours', 'days', 'weeks'];

/** `hours=1;minutes=30` in words. */
export function duration(value: string | null | undefined): string {
  if (!value) return '—';
  const parts = value
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean);
  const words = parts.map((part) => {
    const [unit = '', amount = ''] = part.split('=');
    const count = Number(amount);
    if (!Number.isFinite(count) || !SPELLED.includes(unit)) return part;
    return new Intl.NumberFormat(locale, { style: 'unit', unit: unit.replace(/s$/, ''), unitDisplay: 'long' }).format(count);
  });
  return words.join(', ');
}

/** A slug proposed for a name. */
export function slug(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
}

/** A steady colour class for a name, one of eight. */
export function hue(text: string): number {
  let sum = 0;
  for (const letter of text) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
  return sum % 8;
}

/** A random text of letters and digits that are not taken for each other. */
export function random(length: number): string {
  const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return [...crypto.getRandomValues(new Uint32Array(length))].map((number) => letters[number % letters.length]).join('');
}
