// What an editor has to know of Python: the sorts of its words, and how far lines go in. No more: the server reads it.

export type Sort = 'comment' | 'string' | 'number' | 'keyword' | 'constant' | 'known' | 'plain';

export interface Token {
  sort: Sort;
  text: string;
}

const KEYWORDS = new Set(
  'and as assert break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);
const CONSTANTS = new Set(['None', 'True', 'False']);
/** Functions of the language that expressions have. */
export const BUILT_IN =
  'abs all any bool dict enumerate filter float int isinstance len list map max min print range reversed round set sorted str sum tuple type zip'.split(
    ' ',
  );
export const WORDS = [...KEYWORDS, ...CONSTANTS].filter((word) => !['class', 'with', 'del', 'global', 'nonlocal', 'assert'].includes(word));

const NEXT =
  /(?<comment>#[^\n]*)|(?<string>[rbfu]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\[^]|[^"\\\n])*"?|'(?:\\[^]|[^'\\\n])*'?))|(?<number>\b\d[\w.]*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|[^]/giu;

/** The text in lines of words, each with its sort. */
export function lines(text: string, known: ReadonlySet<string>): Token[][] {
  const all: Token[][] = [[]];
  const add = (sort: Sort, piece: string): void => {
    piece.split('\n').forEach((part, at) => {
      if (at > 0) all.push([]);
      const line = all[all.length - 1] as Token[];
      const last = line[line.length - 1];
      if (part === '') return;
      if (last?.sort === sort) last.text += part;
      else line.push({ sort, text: part });
    });
  };
  let before = '';
  for (const { 0: piece, groups } of text.matchAll(NEXT)) {
    const word = groups?.word;
    if (word !== undefined) {
      const own = before !== '.';
      add(KEYWORDS.has(word) ? 'keyword' : CONSTANTS.has(word) ? 'constant' : own && known.has(word) ? 'known' : 'plain', word);
    } else {
      add(groups?.comment ? 'comment' : groups?.string ? 'string' : groups?.number ? 'number' : 'plain', piece);
    }
    before = piece;
  }
  return all;
}

/** Whether a place is within a text or a comment, where no names are offered. */
export function isQuoted(text: string, at: number): boolean {
  for (const { 0: piece, index, groups } of text.slice(0, at).matchAll(NEXT)) {
    if (index + piece.length < at || !(groups?.comment || groups?.string)) continue;
    const quote = /["']/.exec(piece)?.[0];
    return groups.comment !== undefined || piece.length < 2 || !piece.endsWith(quote ?? '"') || at < index + piece.length;
  }
  return false;
}

export const INDENT = 4;

/** How far the line goes in that is begun behind this text. */
export function indentation(before: string): number {
  const line = before.slice(before.lastIndexOf('\n') + 1);
  const own = /^ */.exec(line)?.[0].length ?? 0;
  const code = line.replace(/#.*$/, '').trim();
  if (code.endsWith(':') || /[([{]$/.test(code)) return own + INDENT;
  if (/^(return|raise|break|continue|pass)\b/.test(code)) return Math.max(0, own - INDENT);
  return own;
}

export interface Edit {
  /** What is replaced, and by what. */
  from: number;
  to: number;
  text: string;
  /** What is selected afterwards. */
  select: [number, number];
}

/** Moves the lines of a selection in or out; without one, goes on to the next step. */
export function shifted(text: string, from: number, to: number, out: boolean): Edit {
  const start = text.lastIndexOf('\n', from - 1) + 1;
  if (!out && from === to) {
    const spaces = ' '.repeat(INDENT - ((from - start) % INDENT));
    return { from, to, text: spaces, select: [from + spaces.length, from + spaces.length] };
  }
  const last = to > from && text[to - 1] === '\n' ? to - 1 : to;
  const found = text.indexOf('\n', last);
  const end = found < 0 ? text.length : found;
  const before = text.slice(start, end).split('\n');
  const after = before.map((line) => (out ? line.replace(/^ {1,4}|^\t/, '') : line === '' ? line : ' '.repeat(INDENT) + line));
  const first = (after[0] ?? '').length - (before[0] ?? '').length;
  const whole = after.join('\n');
  return {
    from: start,
    to: end,
    text: whole,
    select:
      from === to ? [Math.max(start, from + first), Math.max(start, from + first)] : [Math.max(start, from + first), start + whole.length],
  };
}

/** The word that ends at a place, for names that begin so; nothing behind a dot. */
export function wordBefore(text: string, at: number): string {
  const word = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(text.slice(0, at))?.[0] ?? '';
  return text[at - word.length - 1] === '.' ? '' : word;
}

/** What the server says of a line: the first that one of its sentences names. */
export function lineOf(texts: readonly string[]): number | undefined {
  for (const text of texts) {
    const found = /\(line (\d+)\)/.exec(text) ?? /\bline (\d+)\b/.exec(text);
    if (found) return Number(found[1]);
  }
  return undefined;
}
