// Two values of a field, line by line.

export interface Line {
  sign: '-' | '+';
  text: string;
}

/** A value on lines of its own. */
function lines(value: unknown): string[] {
  if (value === null || value === undefined || value === '') return [];
  if (typeof value === 'string') return value.split('\n');
  if (Array.isArray(value) && value.length === 0) return [];
  if (typeof value === 'object' && Object.keys(value).length === 0) return [];
  return JSON.stringify(value, null, 1).split('\n');
}

/** What was taken away, then what was added. */
export function diff(before: unknown, after: unknown): Line[] {
  const old = lines(before);
  const now = lines(after);
  return [
    ...old.filter((text) => !now.includes(text)).map((text): Line => ({ sign: '-', text })),
    ...now.filter((text) => !old.includes(text)).map((text): Line => ({ sign: '+', text })),
  ];
}
