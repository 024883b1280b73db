// The interface's texts in the language of the page. One catalogue is loaded, and of it only what the interface says
// (`ui-…`); the build takes them from `locales/`, which the server's pages share.
import { FluentBundle, FluentResource, type FluentVariable } from '@fluent/bundle';

const FILES = import.meta.glob<string>('../../../../locales/*.ftl', { query: '?words', import: 'default' });

/** Languages that are English made strange, for those who look for texts that were forgotten or do not fit. */
const PSEUDO = ['en-XA', 'ar-XB'];

/** What the server wrote into the page. */
export const language: string = globalThis.document?.documentElement.lang || 'en';
/** What dates and numbers are written in. */
export const locale: string = PSEUDO.includes(language) ? 'en' : language;

const bundle = new FluentBundle(locale, { useIsolating: false, transform: (text) => change(text) });
let change = (text: string): string => text;

/** Loads the texts; nothing is drawn before. */
export async function load(tag: string = language): Promise<void> {
  if (PSEUDO.includes(tag)) change = (await import('./pseudo')).strange;
  const file = FILES[`../../../../locales/${PSEUDO.includes(tag) ? 'en' : tag}.ftl`];
  if (file) bundle.addResource(new FluentResource(await file()));
}

/** The text of this name, with its places filled in. */
export function t(key: string, args?: Record<string, FluentVariable>): string {
  const value = bundle.getMessage(key)?.value;
  return value ? bundle.formatPattern(value, args) : key;
}
