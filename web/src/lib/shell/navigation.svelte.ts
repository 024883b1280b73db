// The navigation: the pages of this interface, and the kinds that the server declares a place for.
import { sections, undrawn, type Section } from '../../pages/areas';
import type { Area } from '../../pages/areas/area';
import { kinds, type KindName } from '../api/kinds';
import { session } from '../session.svelte';

class Navigation {
  #declared = $state.raw<KindName[]>([]);

  /** Asks the server; without its answer the pages of this interface remain. */
  load(): void {
    kinds().then(
      (all) => (this.#declared = all),
      () => undefined,
    );
  }

  /** What the person may open; a section with nothing in it is none. */
  get sections(): Section[] {
    return sections(this.#declared)
      .map((section) => ({ ...section, items: section.items.filter((item) => session.mayAny(item.needs)) }))
      .filter((section) => section.items.length > 0);
  }

  /** Areas that come from declarations alone. */
  get declared(): Area[] {
    return undrawn(this.#declared);
  }
}

export const navigation = new Navigation();
