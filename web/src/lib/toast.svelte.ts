// Short messages at the edge of the page; read out by screen readers. One may carry the way back.

export interface Toast {
  id: number;
  text: string;
  tone: 'ok' | 'bad';
  act?: { text: string; run: () => void };
}

class Toasts {
  list = $state<Toast[]>([]);
  #next = 1;

  say(text: string, tone: Toast['tone'] = 'ok'): void {
    this.#show({ text, tone }, tone === 'bad' ? 9000 : 3500);
  }

  /** Stays for thirty seconds, as long as the way back is offered. */
  offer(text: string, act: string, run: () => void): void {
    const id = this.#show(
      {
        text,
        tone: 'ok',
        act: {
          text: act,
          run: () => {
            this.drop(id);
            run();
          },
        },
      },
      30000,
    );
  }

  #show(toast: Omit<Toast, 'id'>, time: number): number {
    const id = this.#next++;
    this.list = [...this.list.filter((other) => other.tone === 'bad' || other.act), { id, ...toast }].slice(-3);
    setTimeout(() => this.drop(id), time);
    return id;
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
