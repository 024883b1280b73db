// What floats above the page: dialogs move to the end of the body, and the page behind them falls silent.

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
