// Who is using the page, and under which brand.
import { ApiError, ROOT, get, onSignInNeeded, whoIsThere, type Why } from './api/client';
import type { Brand, Me } from './api/types';
import { may, type Needs, type Rights } from './rights';
import { t } from './words';

interface Who {
  user: Me;
  original?: Me;
}

interface Waiting {
  go: () => void;
  stop: (error: ApiError) => void;
}

/** Where the windows of one browser tell each other that somebody signed in. */
const CHANNEL = 'countersign.session';

class Session {
  me = $state<Me>();
  /** Who acts as `me`, while impersonating. */
  original = $state<Me>();
  brand = $state<Brand>();
  rights = $state.raw<Rights>();
  /** Why this page waits for its owner to sign in: what was asked of the server waits, too. */
  waits = $state<Why>();
  /** Somebody else than whose page this is signed in meanwhile. */
  stranger = $state<Me>();
  #waiting: Waiting[] = [];

  async load(): Promise<void> {
    const brand = get<Brand>('core/brands/current').catch(() => undefined);
    const rights = get<Rights>('countersign/rights').catch(() => undefined);
    const answer = await get<Who>('core/users/me');
    this.me = answer.user;
    this.original = answer.original;
    this.brand = await brand;
    this.rights = await rights;
    // From now on there may be something on the page that nobody wants to enter twice.
    onSignInNeeded((why) => this.#wait(why));
  }

  #wait(why: Why): Promise<void> {
    if (!this.waits) {
      this.waits = why;
      this.stranger = undefined;
    }
    return new Promise((go, stop) => this.#waiting.push({ go, stop }));
  }

  /** Looks whether the person is back; nothing is sent in the name of another. */
  async check(): Promise<void> {
    if (!this.waits) return;
    const there = await whoIsThere<Who>().catch(() => undefined);
    if (!this.waits) return;
    if (!there) {
      this.stranger = undefined;
      return;
    }
    if (there.user.pk !== this.me?.pk) {
      this.stranger = there.user;
      return;
    }
    this.waits = undefined;
    for (const { go } of this.#waiting.splice(0)) go();
  }

  /** Leaves the page as it is: what was asked of the server fails, and can be tried again later. */
  giveUp(): void {
    const text = this.waits === 'proof' ? t('ui-not-proved') : t('ui-not-signed-in');
    this.waits = undefined;
    const error = new ApiError(403, text);
    for (const { stop } of this.#waiting.splice(0)) stop(error);
  }

  /** Calls back when a window of this browser says that somebody signed in. */
  onSignIn(call: () => void): () => void {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = call;
    return () => channel.close();
  }

  tellSignIn(): void {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage('signed in');
    channel.close();
  }

  get admin(): boolean {
    return this.me?.system_permissions.includes('access_admin_interface') ?? false;
  }

  /** Whether something may be done with any object of a model. */
  may(model: string, verb: string): boolean {
    return may(this.rights, [model, verb]);
  }

  /** Whether any of these may be done; of nothing, everything. */
  mayAny(needs: Needs[] | undefined): boolean {
    return needs === undefined || needs.some((one) => may(this.rights, one));
  }
}

export const session = new Session();

/** What the brand is called; a brand that was never named goes by the product's name. */
export function title(brand: Brand | undefined): string {
  const name = brand?.branding_title ?? '';
  return name === '' || name === 'authentik' ? 'Countersign' : name;
}

/** Logos of the original's own picture folder are not ours to show: the mark stands in for them. */
export function ownLogo(brand: Brand | undefined): string | undefined {
  const logo = brand?.branding_logo ?? '';
  return logo === '' || logo.startsWith(ROOT + '/static/dist/') ? undefined : logo;
}
