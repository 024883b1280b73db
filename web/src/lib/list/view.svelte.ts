// How somebody has a list: columns, rows, and named views of it. Kept by the browser, for each list of its own.
import type { State } from '../href';
import { parse, type Kept, type View } from './view';

const DENSITY = 'countersign.density';

class Density {
  compact = $state(localStorage.getItem(DENSITY) === 'compact');

  set(compact: boolean): void {
    this.compact = compact;
    localStorage.setItem(DENSITY, compact ? 'compact' : 'comfortable');
  }
}

export const density = new Density();

/** What is kept of one list. */
export class Views {
  readonly #key: string;
  #kept = $state<Kept>({});

  constructor(list: string) {
    this.#key = `countersign.list.${list}`;
    this.#kept = parse(localStorage.getItem(this.#key));
  }

  get columns(): Record<string, boolean> {
    return this.#kept.columns ?? {};
  }

  get views(): View[] {
    return this.#kept.views ?? [];
  }

  show(label: string, on: boolean): void {
    this.#keep({ columns: { ...this.columns, [label]: on } });
  }

  /** A view of the same name is replaced. */
  save(name: string, state: State): void {
    const others = this.views.filter((view) => view.name !== name);
    this.#keep({ views: [...others, { name, state }].sort((a, b) => a.name.localeCompare(b.name)) });
  }

  forget(name: string): void {
    this.#keep({ views: this.views.filter((view) => view.name !== name) });
  }

  #keep(change: Kept): void {
    this.#kept = { ...this.#kept, ...change };
    localStorage.setItem(this.#key, JSON.stringify(this.#kept));
  }
}
