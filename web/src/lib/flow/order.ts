// Stages of a flow come by the number of their binding. To move one is to give it a number between its new neighbours; only where
// there is none, those behind make room.

export interface Placed {
  pk: string;
  order: number;
}

export interface Change extends Placed {
  before: number;
}

/** The list with one of its items at another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, at) => at !== from);
  return [...rest.slice(0, to), ...list.slice(from, from + 1), ...rest.slice(to)];
}

/** Numbers between two others, the roundest first: people read them. */
function between(low: number, high: number): number | undefined {
  const middle = (low + high) / 2;
  for (const step of [10, 5, 1]) {
    const near = Math.round(middle / step) * step;
    for (const order of [near, near - step, near + step]) {
      if (order > low && order < high) return order;
    }
  }
  return undefined;
}

const ROOM = 10;

/**
 * What to change so that an item comes at another place, one after the other: after each change the order is either the one
 * before or the one that is wanted, never a third, so that nobody who signs in meanwhile goes another way.
 */
export function changes(list: readonly Placed[], from: number, to: number): Change[] {
  const item = list[from];
  if (!item || from === to) return [];
  const rest = moved(list, from, to).filter((other) => other !== item);
  const [previous, next] = [rest[to - 1], rest[to]];
  if (!next) {
    const last = previous?.order ?? 0;
    return [{ pk: item.pk, order: Math.floor(last / ROOM) * ROOM + ROOM, before: item.order }];
  }
  // Nothing goes below nought unless it is there already.
  const low = previous?.order ?? (next.order < 0 ? next.order - 2 * ROOM : -1);
  const free = between(low, next.order);
  if (free !== undefined) return [{ pk: item.pk, order: free, before: item.order }];
  // From the last on, so that none overtakes another.
  const behind = list.slice(list.indexOf(next)).reverse();
  const room = behind.map(({ pk, order }) => ({ pk, order: order + ROOM, before: order }));
  const before = room.find((change) => change.pk === item.pk)?.order ?? item.order;
  return [...room, { pk: item.pk, order: between(low, next.order + ROOM) ?? next.order + 1, before }];
}

/** The way back. */
export const undone = (list: readonly Change[]): Change[] =>
  list.map(({ pk, order, before }) => ({ pk, order: before, before: order })).reverse();
