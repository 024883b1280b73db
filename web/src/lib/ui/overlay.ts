// What floats above the page: dialogs move to the end of the body, and the page behind them falls silent.

const FIELD = 'input:not([type=radio]):not([type=checkbox]):not([readonly]), textarea, select';
let open = 0;

function silence(): void {
  const app = document.getElementById('app');
  if (!app) return;
  app.inert = open > 0;
  if (open > 0) app.setAttribute('aria-hidden', 'true');
  else app.removeAttribute('aria-hidden');
}

/** Shows a `<dialog>` as modal for as long as it is in the tree; gives the focus back afterwards. */
export function modal(node: HTMLDialogElement): { destroy(): void } {
  const before = document.activeElement;
  document.body.append(node);
  node.showModal();
  // The browser chooses the first control, which closes the dialog; whoever opened one to enter something begins there.
  if (document.activeElement?.getAttribute('aria-label') === 'Close') node.querySelector<HTMLElement>(FIELD)?.focus();
  open += 1;
  silence();
  return {
    destroy() {
      open -= 1;
      silence();
      node.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    },
  };
}
