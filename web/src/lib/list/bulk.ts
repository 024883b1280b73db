// The same thing done to several objects in one request, each by its own right; what is refused of one does not stop the others.
import { post, toError, type Json } from '../api/client';
import { fresh } from '../fresh.svelte';
import { plural } from '../format';
import { toasts } from '../toast.svelte';

type Key = string | number;
type Action = 'activate' | 'deactivate' | 'enable' | 'disable';

const OPPOSITE: Record<Action, Action> = { activate: 'deactivate', deactivate: 'activate', enable: 'disable', disable: 'enable' };
const DONE: Record<Action, string> = { activate: 'activated', deactivate: 'deactivated', enable: 'enabled', disable: 'disabled' };

export interface Outcome {
  succeeded: number;
  results: { key: Key; status: number; error: Json }[];
}

/** What was refused, each reason once. */
export function refusals({ results }: Outcome): string[] {
  const refused = results.filter(({ status }) => status >= 400);
  const texts = refused.map(({ status, error }) => {
    const { message, fields } = toError(status, error);
    return Object.values(fields).flat().join(' ') || message;
  });
  return [...new Set(texts)];
}

export const send = (action: Action | 'delete', model: string, keys: Key[]): Promise<Outcome> =>
  post<Outcome>('countersign/bulk', { action, model, keys });

/** Does it, says how it went, and offers the way back for what was done. Throws when nothing was. */
export async function all(action: Action, model: string, keys: Key[], noun: string, refresh: () => void): Promise<void> {
  const outcome = await send(action, model, keys);
  const refused = refusals(outcome);
  if (outcome.succeeded === 0) throw new Error(refused.join(' ') || 'Nothing was changed.');
  const done = outcome.results.filter(({ status }) => status < 400).map(({ key }) => key);
  const text = [
    `${plural(done.length, noun)} ${DONE[action]}.`,
    ...(refused.length > 0 ? [`${keys.length - done.length} refused: ${refused.join(' ')}`] : []),
  ];
  refresh();
  toasts.offer(text.join(' '), 'Undo', () => {
    void send(OPPOSITE[action], model, done).then(
      () => {
        toasts.say('Undone.');
        fresh.touch();
      },
      (error: unknown) => toasts.say(`It could not be undone: ${String(error)}`, 'bad'),
    );
  });
}
