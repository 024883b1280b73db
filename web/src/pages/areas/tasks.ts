// Work beside requests: blueprints that are applied, jobs that run, and what waits for its turn.
import { get, patch, post, reason } from '../../lib/api/client';
import type { Row } from '../../lib/api/types';
import { ago, moment } from '../../lib/format';
import { time, type Cell, type Column, type ListSpec, type Refresh } from '../../lib/list/spec';
import { all } from '../../lib/list/bulk';
import { href } from '../../lib/router.svelte';
import { toasts } from '../../lib/toast.svelte';
import type { MenuItem } from '../../lib/ui/Menu.svelte';
import type { Area } from './area';

export interface Line {
  timestamp: string;
  log_level: string;
  event: string;
}

/** The last run of a job on a thing. */
export interface SystemTask {
  uuid: string;
  name: string;
  full_name: string;
  uid: string | null;
  description: string;
  start_timestamp: string;
  finish_timestamp: string;
  duration: number;
  status: string;
  messages: Line[];
  expires: string | null;
}

/** When a job runs by itself. */
export interface Planned {
  name: string;
  /** Seconds between two runs. */
  every: number;
  next: string;
}

/** The plan of every job, by its name; empty where it cannot be read. */
export async function schedule(): Promise<Map<string, Planned>> {
  const all = await get<Planned[]>('countersign/schedule').catch(() => []);
  return new Map(all.map((one) => [one.name, one]));
}

/** "5 minutes", "hour": what follows "every". */
export function every(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, 'day'],
      [3600, 'hour'],
      [60, 'minute'],
    ] as const
  ).find(([size]) => seconds % size === 0) ?? [1, 'second'];
  const count = seconds / size;
  return count === 1 ? unit : `${count} ${unit}s`;
}

/** One request in the queue. */
export interface Task {
  uuid: string;
  name: string;
  uid: string;
  description: string;
  state: string;
  attempts: number;
  most_attempts: number | null;
  queued: string;
  due: string;
  started: string | null;
  finished: string | null;
  progress: { done: number; of: number } | null;
  cancelling: boolean;
  messages: Line[];
}

const STATES: Record<string, Cell> = {
  successful: { text: 'Successful', tone: 'ok' },
  warning: { text: 'Warning', tone: 'warn' },
  error: { text: 'Error', tone: 'bad' },
  orphaned: { text: 'File is gone', tone: 'warn' },
  unknown: { text: 'Not yet', tone: 'plain' },
  queued: { text: 'Waiting', tone: 'plain' },
  running: { text: 'Running', tone: 'accent' },
  cancelled: { text: 'Cancelled', tone: 'warn' },
};

const state = (word: string): Cell => STATES[word] ?? { text: word, tone: 'plain' };

/** Says how it went, whichever way. */
function act(list: Refresh, done: string, work: () => Promise<unknown>): () => void {
  return () => {
    work()
      .then(() => toasts.say(done))
      .catch((error: unknown) => toasts.say(reason(error), 'bad'))
      .finally(list.refresh);
  };
}

/** The line that matters: the first complaint, else the last word. */
export function lastWord(messages: Line[]): string {
  const complaint = messages.find((line) => line.log_level === 'error') ?? messages.find((line) => line.log_level === 'warning');
  return (complaint ?? messages.at(-1))?.event ?? '';
}

export function span(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 90 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}

export const blueprints: Area = {
  base: '/blueprints/instances',
  model: 'authentik_blueprints.blueprintinstance',
  kind: 'managed/blueprints',
  key: (row) => row.pk,
  title: (row) => row.name,
  list: {
    path: 'managed/blueprints',
    title: 'Blueprints',
    intro: 'Files that describe configuration, and how applying them went.',
    noun: 'blueprint',
    plural: 'blueprints',
    order: 'name',
    remove: true,
    key: (row: Row) => row.pk as string,
    name: (row: Row) => row.name as string,
    summary: (row: Row) => [state(row.status).text, row.enabled ? '' : 'disabled', row.path].filter(Boolean).join(' · '),
    kind: 'managed/blueprints',
    open: (row: Row) => href(`/blueprints/instances/${row.pk}/edit`),
    cells: {
      name: (row: Row) => ({ text: row.name as string, note: row.path || 'written here' }),
      status: (row: Row) =>
        row.status === 'error'
          ? { ...state('error'), href: href('/administration/system-tasks', { search: row.name }), title: 'What went wrong' }
          : state(row.status),
      last_applied: (row: Row) => time(row.last_applied_hash ? (row.last_applied as string) : null, 'never'),
      enabled: (row: Row) => (row.enabled ? { text: 'Enabled', tone: 'ok' } : { text: 'Disabled', tone: 'plain' }),
    },
    bulk: (['enable', 'disable'] as const).map((action) => ({
      text: action === 'enable' ? 'Enable' : 'Disable',
      needs: 'change',
      fits: (row: Row) => row.enabled === (action === 'disable'),
      run: (rows: Row[], list: Refresh) =>
        void all(
          action,
          'authentik_blueprints.blueprintinstance',
          rows.map((row) => row.pk as string),
          'blueprint',
          list.refresh,
        ).catch((error: unknown) => toasts.say(reason(error), 'bad')),
    })),
    actions: (row: Row, list: Refresh): MenuItem[] => [
      ...(row.enabled ? [{ text: 'Apply', run: () => void apply(row, list) }] : []),
      { text: 'Edit', needs: 'change', href: href(`/blueprints/instances/${row.pk}/edit`) },
      {
        text: row.enabled ? 'Disable' : 'Enable',
        run: act(list, `${row.name} ${row.enabled ? 'disabled' : 'enabled'}.`, () =>
          patch(`managed/blueprints/${row.pk}`, { enabled: !row.enabled }),
        ),
      },
    ],
    empty: { title: 'No blueprints', text: 'Describe configuration in a file once, and apply it wherever you need it.' },
  },
};

async function apply(row: Row, list: Refresh): Promise<void> {
  try {
    const after = await post<Row>(`managed/blueprints/${row.pk}/apply`);
    if (after.status === 'successful') toasts.say(`${row.name} applied.`);
    else toasts.say(`${row.name} was not applied. System Tasks says why.`, 'bad');
  } catch (error) {
    toasts.say(reason(error), 'bad');
  }
  list.refresh();
}

/** Of jobs that run every few seconds only failures are kept, so that none may mean many. */
const outcome = (row: SystemTask): Cell => (row.status === 'unknown' ? { text: 'No record', tone: 'plain' } : state(row.status));

export const systemTasks: ListSpec & { columns: Column[] } = {
  path: 'events/system_tasks',
  title: 'System Tasks',
  intro: 'What the server does by itself, and how it went last time.',
  noun: 'task',
  plural: 'tasks',
  order: 'name',
  key: (row: SystemTask) => row.uuid,
  name: (row: SystemTask) => row.full_name,
  summary: (row: SystemTask) =>
    [outcome(row).text, row.status === 'unknown' ? '' : ago(row.finish_timestamp), row.description].filter(Boolean).join(' · '),
  chips: [
    { label: 'Errors', query: { status: 'error' } },
    { label: 'Warnings', query: { status: 'warning' } },
  ],
  columns: [
    {
      label: 'Identifier',
      sort: 'name',
      cell: (row: SystemTask) => ({
        text: row.name,
        note: row.uid ?? undefined,
        href: href(`/administration/system-tasks/${row.uuid}`),
        whole: true,
      }),
    },
    { label: 'Description', cell: (row: SystemTask) => ({ text: row.description, soft: true }) },
    {
      label: 'Last run',
      sort: 'finish_timestamp',
      cell: (row: SystemTask) => (row.status === 'unknown' ? { text: '—', soft: true } : time(row.finish_timestamp)),
    },
    {
      label: 'Duration',
      sort: 'duration',
      cell: (row: SystemTask) => ({ text: row.status === 'unknown' ? '—' : span(row.duration), soft: true, whole: true }),
    },
    { label: 'Status', sort: 'status', cell: (row: SystemTask) => ({ ...outcome(row), title: lastWord(row.messages) }) },
  ],
  actions: (row: SystemTask, list: Refresh) => [
    { text: 'Run', run: act(list, `${row.name} will run in a moment.`, () => post(`events/system_tasks/${row.uuid}/run`)) },
    { text: 'Messages', href: href(`/administration/system-tasks/${row.uuid}`) },
  ],
  empty: { title: 'No tasks', text: 'Nothing runs by itself on this server.' },
};

function progress(task: Task): Cell {
  if (task.cancelling && task.state === 'running') return { text: 'Stopping', tone: 'warn' };
  if (task.state === 'running' && task.progress && task.progress.of > 0) {
    const percent = Math.floor((100 * task.progress.done) / task.progress.of);
    return { text: `${percent} %`, note: `${task.progress.done} of ${task.progress.of}`, tone: 'accent' };
  }
  return state(task.state);
}

export const queue: ListSpec = {
  path: 'countersign/tasks',
  query: { done: false },
  title: 'Queue',
  intro: '',
  noun: 'task',
  plural: 'tasks',
  order: '-queued',
  searchHint: 'Search the queue…',
  key: (row: Task) => row.uuid,
  name: (row: Task) => row.name,
  summary: (row: Task) => [progress(row).text, row.uid, ago(row.queued)].filter(Boolean).join(' · '),
  chips: [
    { label: 'Waiting', query: { state: 'queued' } },
    { label: 'Running', query: { state: 'running' } },
    { label: 'Failed', query: { state: 'error' } },
  ],
  columns: [
    { label: 'Task', sort: 'name', cell: (row: Task) => ({ text: row.name, note: row.uid || undefined }) },
    { label: 'State', sort: 'state', cell: progress },
    {
      label: 'Tries',
      sort: 'attempts',
      cell: (row: Task) => ({ text: row.most_attempts ? `${row.attempts} of ${row.most_attempts}` : String(row.attempts), soft: true }),
    },
    {
      label: 'When',
      sort: 'due',
      cell: (row: Task) =>
        row.state === 'queued'
          ? { text: `next try ${ago(row.due)}`, title: moment(row.due), soft: true, whole: true }
          : time(row.finished ?? row.started),
    },
    { label: 'Last message', cell: (row: Task) => ({ text: lastWord(row.messages) || '—', soft: true }) },
  ],
  actions: (row: Task, list: Refresh) =>
    row.state === 'queued' || row.state === 'running'
      ? [
          {
            text: 'Cancel',
            danger: true,
            run: act(list, row.state === 'queued' ? 'Taken out of the queue.' : 'Asked to stop.', () =>
              post(`countersign/tasks/${row.uuid}/cancel`),
            ),
          },
        ]
      : [{ text: 'Retry', run: act(list, 'Back in the queue.', () => post(`countersign/tasks/${row.uuid}/retry`)) }],
  empty: { title: 'The queue is empty', text: 'What is asked for appears here until it is done; failures stay for nine hours.' },
};
