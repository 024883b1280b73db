// Who has which second factor.
import { time, type Cell, type ListSpec } from '../../lib/list/spec';
import { href } from '../../lib/router.svelte';
import { say } from '../../lib/words';

interface Person {
  pk: number;
  username: string;
  name: string;
  email: string;
  classes: string[];
  last_used: string | null;
  last_login: string | null;
}

const WORDS: Record<string, string> = {
  webauthn: 'Passkey',
  totp: 'Authenticator app',
  static: 'Recovery codes',
  duo: 'Duo',
  sms: 'Text message',
  email: 'E-mail',
};

const words = (person: Person): Cell[] =>
  person.classes.length === 0
    ? [{ text: 'None', tone: 'warn' }]
    : person.classes.map((one) => ({ text: WORDS[one] ?? one, tone: 'plain' }));

export const factors: ListSpec = {
  path: 'countersign/authenticators',
  title: 'Second factors',
  intro: 'What each person can prove a sign-in with besides the password.',
  noun: 'person',
  plural: 'people',
  order: 'username',
  key: (row: Person) => row.pk,
  name: (row: Person) => row.username,
  summary: (row: Person) => (row.classes.length ? row.classes.map((one) => WORDS[one] ?? one).join(', ') : 'no second factor'),
  chips: [
    { label: 'Without any', query: { without: 'any' } },
    { label: 'Without a passkey', query: { without: 'webauthn' } },
    { label: 'Without recovery codes', query: { without: 'static' } },
    { label: 'With a passkey', query: { class: 'webauthn' } },
    { label: 'With an app', query: { class: 'totp' } },
  ],
  columns: [
    {
      label: 'User',
      cell: (row: Person) => ({
        text: row.username,
        href: href(`/identity/users/${row.pk}`),
        note: row.name && row.name !== row.username ? row.name : undefined,
      }),
    },
    { label: 'Second factors', cell: words },
    { label: 'Last used', cell: (row: Person) => time(row.last_used) },
    { label: 'Last sign-in', cell: (row: Person) => time(row.last_login, say('never')) },
  ],
  empty: { title: 'Nobody', text: 'No account fits. Take a filter away.' },
};
