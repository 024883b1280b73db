// The navigation: the pages of this interface, and the kinds that the server declares a place for.
import { sections, undrawn, type Section } from '../../pages/areas';
import type { Area } from '../../pages/areas/area';
import { kinds, type Kind } from '../api/kinds';

class Navigation {
  #declared = $state.raw<Kind[]>([]);

  /** Asks the server; without its answer the pages of this interface remain. */
  load(): void {
    kinds().then(
      (all) => (this.#declared = all),
      () => undefined,
    );
  }

  get sections(): Section[] {
    return sections(this.#declared);
  }

  /** Areas that come from declarations alone. */
  get declared(): Area[] {
    return undrawn(this.#declared);
  }
}

export const navigation = new Navigation();
