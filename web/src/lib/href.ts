// Addresses of pages: a path, and behind a semicolon what the page shows.

export type State = Record<string, any>;

export function href(path: string, state: State = {}): string {
  const kept = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  const tail = Object.keys(kept).length > 0 ? ';' + encodeURIComponent(JSON.stringify(kept)) : '';
  return '#' + path.split('/').map(encodeURIComponent).join('/') + tail;
}
