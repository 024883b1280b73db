import type { Row } from '../../lib/api/types';
import { APPLICATIONS, USERS } from '../../lib/api/kinds';
import { ago } from '../../lib/format';
import { choices } from '../../lib/list/filters';
import { time, type Cell, type Column, type ListSpec } from '../../lib/list/spec';
import { href } from '../../lib/router.svelte';
import { say } from '../../lib/words';

export interface RunStep {
  /** Microseconds. */
  at: number;
  stage?: string;
  model?: string;
  outcome?: string;
  detail?: Row | null;
  about?: string;
  /** The number of the decision, and what it was made from. */
  decision?: number;
  inputs?: Inputs;
  policies?: {
    mode: 'any' | 'all';
    passing: boolean;
    messages: string[];
    steps: Rule[];
  };
}

/** What a decision was made from; of each rule, in their order, what it asked and was answered. */
export interface Inputs {
  user: { pk: number; username: string; is_active: boolean; groups: string[]; attributes: Row } | null;
  context: Row;
  answers: { asked: string; answer: unknown; known: boolean }[][];
}

/** What one binding said. */
export interface Rule {
  binding: string;
  kind: string;
  name: string;
  negate: boolean;
  passing: boolean;
  messages: string[];
  error?: string;
  microseconds: number;
}

/** Why a binding did not let somebody pass. */
export function refusal(rule: Rule): string {
  if (rule.kind === 'group') return `${rule.negate ? 'A member' : 'Not a member'} of the group ${rule.name}`;
  if (rule.kind === 'binding') return 'What this binding named was deleted';
  if (rule.kind === 'user') return `${rule.negate ? 'Shut out' : 'Open only'} as the user ${rule.name}`;
  return rule.error ? `The policy ${rule.name} failed to run: ${rule.error}` : `The policy ${rule.name} does not pass`;
}

/** Decisions about an application stand among the runs of flows, under its name. */
const APPLICATION = 'application:';

/** What was gone through, and where it is kept. */
export function through(run: Run): { text: string; href: string; verb: string } {
  if (!run.flow.startsWith(APPLICATION)) return { text: run.flow, href: href(`/flow/flows/${run.flow}`), verb: 'Open flow' };
  const name = run.flow.slice(APPLICATION.length);
  const slug = run.application?.slug;
  return {
    text: name,
    href: slug ? href(`/core/applications/${slug}`) : href('/core/applications', { search: name }),
    verb: 'Open application',
  };
}

export interface Run {
  pk: string;
  trace: string;
  flow: string;
  user: number | null;
  /** For those who may view people. */
  username: string | null;
  application: { pk: string; slug: string | null; name: string | null } | null;
  client_ip: string | null;
  started: string;
  finished: string | null;
  outcome: string;
  /** Why it did not go on, in the words that the person read. */
  reason: string;
  revision: number;
  steps: RunStep[];
}

const OUTCOMES: Record<string, Cell> = {
  finished: { text: 'Finished', tone: 'ok' },
  done: { text: 'Finished', tone: 'ok' },
  succeeded: { text: 'Finished', tone: 'ok' },
  denied: { text: 'Refused', tone: 'bad' },
  cancelled: { text: 'Left', tone: 'plain' },
  running: { text: 'Under way', tone: 'plain' },
};

function person(run: Run): Cell {
  if (run.user === null) return { text: say('Nobody known'), soft: true };
  return { text: run.username ?? `No. ${run.user}`, href: href(`/identity/users/${run.user}`) };
}

const application = (run: Run): string => run.application?.name ?? (run.application ? 'deleted' : '—');

/** The list of runs about one thing, without the columns that would say the same in every row. */
export const about = (query: ListSpec['query'], without: string, text: string): ListSpec => ({
  ...runs,
  query,
  columns: runs.columns.filter((column) => column.label !== without),
  empty: { title: 'No runs recorded yet', text },
});

export const outcome = (run: Run): Cell => OUTCOMES[run.outcome] ?? { text: run.outcome, tone: 'plain' };

export const runs: ListSpec & { columns: Column[] } = {
  path: 'countersign/runs',
  title: 'Runs',
  intro: 'What happened each time somebody went through a flow, step by step.',
  noun: 'run',
  plural: 'runs',
  order: '-started',
  searchBy: 'trace',
  searchHint: 'Number on the page, as 7F3K-92QD',
  key: (run: Run) => run.pk,
  name: (run: Run) => run.trace,
  summary: (run: Run) =>
    [run.username ?? '', through(run).text, outcome(run).text.toLowerCase(), ago(run.started)].filter(Boolean).join(' · '),
  chips: [{ label: 'Refused', query: { outcome: 'denied' } }],
  filters: [
    { key: 'range', label: 'Started', type: 'range' },
    {
      key: 'outcome',
      label: 'Outcome',
      type: 'choice',
      choices: choices({ done: 'Finished', denied: 'Refused', cancelled: 'Left', running: 'Under way' }),
    },
    { key: 'user', label: 'User', type: 'reference', target: USERS },
    { key: 'application', label: 'Application', type: 'reference', target: APPLICATIONS },
  ],
  live: true,
  columns: [
    { label: 'Number', cell: (run: Run) => ({ text: run.trace, href: href(`/flow/runs/${run.pk}`), whole: true }) },
    { label: 'User', cell: person },
    { label: 'Flow', cell: (run: Run) => ({ text: through(run).text, href: through(run).href }) },
    { label: 'Application', cell: (run: Run) => ({ text: application(run), soft: true }) },
    { label: 'Outcome', cell: (run: Run) => ({ ...outcome(run), title: run.reason || undefined }) },
    { label: 'Why', cell: (run: Run) => ({ text: run.reason || '—', soft: true }) },
    { label: 'Started', cell: (run: Run) => time(run.started) },
  ],
  empty: { title: 'No runs recorded yet', text: 'Every sign-in, consent and refusal leaves one, with the reasons of each decision.' },
};
