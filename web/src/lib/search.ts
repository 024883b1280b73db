// Search as people type: words in any order, case and punctuation ignored.

export function words(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/**
 * How well `text` answers `query`: 0 when a word is missing, more for whole words and for a good start.
 * `extra` holds words that count as present without earning anything (the kind's own name, for instance).
 */
export function score(query: string, text: string, extra = ''): number {
  const asked = words(query);
  if (asked.length === 0) return 1;
  const have = words(text);
  const also = words(extra);
  let total = 0;
  for (const word of asked) {
    if (have.includes(word)) total += 3;
    else if (have.some((other) => other.startsWith(word))) total += 2;
    else if (have.some((other) => other.includes(word))) total += 1;
    else if (!also.some((other) => other.startsWith(word))) return 0;
  }
  if (text.toLowerCase().startsWith(query.toLowerCase())) total += 4;
  return total > 0 ? total : 1;
}

export function ranked<T>(query: string, items: readonly T[], text: (item: T) => string, extra = ''): T[] {
  if (query.trim() === '') return [...items];
  return items
    .map((item, index) => ({ item, index, value: score(query, text(item), extra) }))
    .filter((entry) => entry.value > 0)
    .sort((a, b) => b.value - a.value || a.index - b.index)
    .map((entry) => entry.item);
}
