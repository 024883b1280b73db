// A secret on a page: not here until somebody asks for it, gone again when it is hidden.
import { reason } from './api/client';
import { toasts } from './toast.svelte';

export class Reveal {
  value = $state<string>();
  #ask: () => Promise<string>;
  #recorded: boolean;

  /** `recorded`: the server notes in its log who asked. */
  constructor(ask: () => Promise<string>, recorded = true) {
    this.#ask = ask;
    this.#recorded = recorded;
  }

  get shown(): boolean {
    return this.value !== undefined;
  }

  async toggle(): Promise<void> {
    if (this.shown) {
      this.value = undefined;
      return;
    }
    try {
      this.value = await this.#ask();
      if (this.#recorded) toasts.say('Shown. The view was logged.');
    } catch (error) {
      toasts.say(reason(error), 'bad');
    }
  }

  /** For a copy: what is shown, or asked for and not kept. */
  take = async (): Promise<string> => {
    if (this.value !== undefined) return this.value;
    try {
      const found = await this.#ask();
      if (this.#recorded) toasts.say('Copied. The view was logged.');
      return found;
    } catch (error) {
      toasts.say(reason(error), 'bad');
      throw error;
    }
  };
}
