// A dialog that something other than a page opens, as an action of a list. The shell shows it.
import type { Component } from 'svelte';

class Opened {
  now = $state.raw<{ dialog: Component<any>; props: Record<string, unknown> }>();

  /** Shows a dialog; it is given `close` besides its properties. */
  show<Props extends Record<string, any>>(dialog: Component<Props>, props: Omit<Props, 'close'>): void {
    this.now = { dialog: dialog as Component<any>, props };
  }

  /** As `show`, with a dialog that is fetched when it is first needed. */
  load<Props extends Record<string, any>>(dialog: () => Promise<{ default: Component<Props> }>, props: Omit<Props, 'close'>): void {
    void dialog().then((module) => this.show(module.default, props));
  }

  close = (): void => {
    this.now = undefined;
  };
}

export const opened = new Opened();
