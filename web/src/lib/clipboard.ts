/**
 * Puts a text on the clipboard. One that is still to be fetched is promised to the browser while the click lasts: some
 * browsers refuse what comes later.
 */
export async function copyText(text: string | Promise<string>): Promise<void> {
  // The clipboard interface exists on secure pages only; plain http on another host takes the old way.
  if (!navigator.clipboard) return byHand(await text);
  if (typeof text === 'string') return navigator.clipboard.writeText(text);
  const fetched = text.then((found) => new Blob([found], { type: 'text/plain' }));
  await navigator.clipboard.write([new ClipboardItem({ 'text/plain': fetched })]);
}

function byHand(text: string): void {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'hidden-visually';
  document.body.append(area);
  area.select();
  const ok = document.execCommand('copy');
  area.remove();
  if (!ok) throw new Error('The browser refused to copy.');
}
