// Who is using the page, and under which brand.
import { get } from './api/client';
import type { Brand, Me } from './api/types';

class Session {
  me = $state<Me>();
  /** Who acts as `me`, while impersonating. */
  original = $state<Me>();
  brand = $state<Brand>();

  async load(): Promise<void> {
    const brand = get<Brand>('core/brands/current').catch(() => undefined);
    const answer = await get<{ user: Me; original?: Me }>('core/users/me');
    this.me = answer.user;
    this.original = answer.original;
    this.brand = await brand;
  }

  get admin(): boolean {
    return !!this.me && (this.me.is_superuser || this.me.system_permissions.includes('access_admin_interface'));
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
  return logo === '' || logo.startsWith('/static/dist/') ? undefined : logo;
}
