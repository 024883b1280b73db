// The interface's texts in the language of the page. One catalogue is loaded, and of it only what the interface says
// (`ui-…`); the build takes them from `locales/`, which the server's pages share.

import { short } from './short';

/** A text: whole, or of pieces, places to fill, and forms for a number. */
export type Pattern = string | (string | { place: string } | { number: string; forms: Record<string, Pattern> })[];
export type Texts = Record<string, Pattern>;
type Args = Record<string, string | number>;

const FILES = import.meta.glob<Texts>('../../../../locales/*.ftl', { query: '?words', import: 'default' });
/** The administration's, by what is written in English; English itself needs none. */
const ADMIN = import.meta.glob<Texts>(['../../../../locales/admin/*.ftl', '!../../../../locales/admin/en.ftl'], {
  query: '?words',
  import: 'default',
});

/** Languages that are English made strange, for those who look for texts that were forgotten or do not fit. */
const PSEUDO = ['en-XA', 'ar-XB'];

/** What the server wrote into the page. */
export const language: string = globalThis.document?.documentElement.lang || 'en';
/** What dates and numbers are written in. */
export const locale: string = PSEUDO.includes(language) ? 'en' : language;

const NUMBER = new Intl.NumberFormat(locale);
const FORM = new Intl.PluralRules(locale);

let texts: Texts = {};
let said: Texts = {};
let change = (text: string): string => text;

/** Loads the texts; nothing is drawn before. */
export async function load(tag: string = language): Promise<void> {
  if (PSEUDO.includes(tag)) change = (await import('./pseudo')).strange;
  const file = FILES[`../../../../locales/${PSEUDO.includes(tag) ? 'en' : tag}.ftl`];
  if (file) texts = await file();
}

/** Loads the texts of the administration beside them. */
export async function loadAdmin(tag: string = language): Promise<void> {
  const file = ADMIN[`../../../../locales/admin/${tag}.ftl`];
  const [found] = await Promise.all([file?.(), load(tag)]);
  said = found ?? {};
}

/** An English text of the administration in the reader's language, as the program or a declaration of the server has it. */
export function say(english: string, args: Args = {}): string {
  const found = said[short(english)];
  if (found !== undefined) return fill(found, args);
  return change(english).replace(/\{ \$(\w+) \}/g, (_, name: string) => written(args[name]));
}

/** The text of this name, with its places filled in. */
export function t(key: string, args: Args = {}): string {
  const found = texts[key];
  return found === undefined ? key : fill(found, args);
}

function fill(pattern: Pattern, args: Args): string {
  if (typeof pattern === 'string') return change(pattern);
  const said = pattern.map((part) => {
    if (typeof part === 'string') return change(part);
    if ('place' in part) return written(args[part.place]);
    return fill(part.forms[FORM.select(Number(args[part.number]))] ?? part.forms.other ?? '', args);
  });
  return said.join('');
}

const written = (value: string | number | undefined): string => (typeof value === 'number' ? NUMBER.format(value) : (value ?? ''));
