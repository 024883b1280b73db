// Why an exchange with an application failed, in words, from the event it left behind.
import type { Event, Row } from '../../lib/api/types';

export interface Finding {
  event: Event;
  code: string;
  text: string;
  sent?: string;
  known?: string;
}

function parts(address: string): URL | undefined {
  try {
    return new URL(address);
  } catch {
    return undefined;
  }
}

/** What is different between the address sent and the nearest one registered. */
export function difference(sent: string, known: string): string {
  const a = parts(sent);
  const b = parts(known);
  if (!a || !b) return 'The address is not registered.';
  if (sent.replace(/\/$/, '') === known.replace(/\/$/, '')) return 'The address differs in the trailing slash.';
  if (sent.toLowerCase() === known.toLowerCase()) return 'The address differs in capital letters.';
  if (a.protocol !== b.protocol && a.host === b.host)
    return `The address uses ${a.protocol.slice(0, -1)}, ${b.protocol.slice(0, -1)} is registered.`;
  if (a.hostname !== b.hostname && a.pathname === b.pathname)
    return `The address names the host ${a.hostname}, ${b.hostname} is registered.`;
  if (a.port !== b.port && a.hostname === b.hostname)
    return `The address uses port ${a.port || 'default'}, ${b.port || 'the default'} is registered.`;
  if (a.origin === b.origin) return 'The address differs in its path.';
  return 'The address is not registered.';
}

function nearest(sent: string, expected: string[]): string | undefined {
  const common = (known: string): number => {
    let at = 0;
    while (at < known.length && known[at] === sent[at]) at += 1;
    return at;
  };
  return [...expected].sort((a, b) => common(b) - common(a))[0];
}

export function finding(event: Event): Finding {
  const context: Row = event.context ?? {};
  // The address to come back to after signing in, or after signing out.
  const named = [context.redirect_uri, context.post_logout_redirect_uri].find((address) => typeof address === 'string');
  const sent = named as string | undefined;
  if (sent === undefined) return { event, code: 'configuration', text: String(context.message ?? 'The exchange failed.') };
  const known = nearest(sent, (context.expected as string[] | undefined) ?? []);
  return { event, code: 'redirect_uri', text: known ? difference(sent, known) : 'No address is registered yet.', sent, known };
}
