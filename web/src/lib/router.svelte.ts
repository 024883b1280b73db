// Hash routing with the addresses of the original: `#/identity/groups;{"page":2}`.
// State of a page (search, order, tab) travels behind the semicolon as JSON.
import { href, type State } from './href';

export { href, type State };

interface Location {
  path: string;
  state: State;
}

function parse(hash: string): Location {
  const raw = hash.replace(/^#/, '');
  const at = raw.indexOf(';');
  const path = decode(at < 0 ? raw : raw.slice(0, at));
  let state: State = {};
  if (at >= 0) {
    try {
      const value: unknown = JSON.parse(decode(raw.slice(at + 1)));
      if (value && typeof value === 'object') state = value as State;
    } catch {
      state = {};
    }
  }
  return { path: path === '' ? '/' : path, state };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

class Router {
  #now = $state<Location>(parse(location.hash));
  /** Asked before leaving a page with unsaved input; returns false to stay. */
  guard: (() => boolean) | undefined;
  #last = location.hash;

  constructor() {
    window.addEventListener('hashchange', () => {
      if (location.hash === this.#last) return;
      const leaving = parse(location.hash).path !== this.#now.path;
      if (leaving && this.guard && !this.guard()) {
        history.replaceState(null, '', this.#last || '#');
        return;
      }
      if (leaving) this.guard = undefined;
      this.#last = location.hash;
      this.#now = parse(location.hash);
    });
  }

  get path(): string {
    return this.#now.path;
  }

  get state(): State {
    return this.#now.state;
  }

  go(path: string, state: State = {}): void {
    location.hash = href(path, state);
  }

  /**
   * The way on from the page that asks, for when something it does is done: nobody who went
   * elsewhere meanwhile is pulled back.
   */
  onward(): (path: string, state?: State) => void {
    const from = this.path;
    return (path, state = {}) => {
      if (this.path === from) this.go(path, state);
    };
  }

  /** Goes elsewhere without leaving this place in the history. */
  replace(path: string, state: State = {}): void {
    history.replaceState(null, '', href(path, state));
    this.#last = location.hash;
    this.#now = parse(location.hash);
  }

  /** Changes the state of this page without a new entry in the history. */
  keep(change: State): void {
    this.replace(this.path, { ...this.state, ...change });
  }
}

export const router = new Router();

/** Matches `/core/providers/:id` and gives its parts, or nothing. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const want = pattern.split('/');
  const have = path.replace(/\/+$/, '').split('/');
  if (want.length !== have.length) return undefined;
  const found: Record<string, string> = {};
  for (let at = 0; at < want.length; at++) {
    const part = want[at] ?? '';
    const value = have[at] ?? '';
    if (part.startsWith(':')) {
      if (value === '') return undefined;
      found[part.slice(1)] = value;
    } else if (part !== value) return undefined;
  }
  return found;
}
