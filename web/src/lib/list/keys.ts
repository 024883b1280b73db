// Keys of lists. Letters count only where nobody types.

export const KEYS: [keys: string[], does: string][] = [
  [['/'], 'Search this list'],
  [['j', 'k'], 'Next and previous row'],
  [['Enter'], 'Open the row'],
  [['x'], 'Select the row'],
  [['e'], 'Edit the row'],
  [['f'], 'Filter'],
  [['Ctrl K', '⌘ K'], 'Search everything'],
  [['Esc'], 'Close what is open; end the selection'],
  [['?'], 'Show these keys'],
];

export type Key = '/' | 'j' | 'k' | 'x' | 'e' | 'f' | '?' | 'Escape';

/** The key of a list that was pressed, if it was meant as one. */
export function pressed(event: KeyboardEvent): Key | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return undefined;
  const target = event.target instanceof Element ? event.target : undefined;
  if (target?.closest('textarea, select, [contenteditable], dialog, [role="menu"]')) return undefined;
  const typing = target?.closest('input:not([type="checkbox"]):not([type="radio"])');
  if (typing && event.key !== 'Escape') return undefined;
  return ['/', 'j', 'k', 'x', 'e', 'f', '?', 'Escape'].includes(event.key) ? (event.key as Key) : undefined;
}
