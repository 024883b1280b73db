// Secrets of the server: answers hold a mask in their place, and each is asked for by itself.
import { post } from './client';

/** What the server answers in place of a secret, and takes as "unchanged". */
export const MASK = '*****';

/** What a page shows in place of a secret, whatever its length. */
export const DOTS = '•'.repeat(16);

/** Asks for one secret. The server records who asked. */
export async function secret(model: string, pk: string | number, field: string): Promise<string> {
  return (await post<{ value: string }>('countersign/secrets', { model, pk: String(pk), field })).value;
}
