// What a list shows, as a file: CSV of its columns, or JSON of the objects as the API gives them.
import { get, type Query } from '../api/client';
import type { Page, Row } from '../api/types';
import { cells, type Column } from './spec';

/** So many rows are fetched at once, and altogether. */
const AT_ONCE = 1000;
const MOST = 50_000;

/** Every row of a list, whatever page is shown. */
export async function everything(path: string, query: Query): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page = 1; rows.length < MOST; page++) {
    const found = await get<Page<Row>>(path, { ...query, page, page_size: AT_ONCE });
    rows.push(...found.results);
    if (!found.pagination.next) break;
  }
  return rows;
}

/** A field of CSV (RFC 4180). A text that a spreadsheet would take for a formula is marked as text. */
export function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A cell as it is read by programs: times with their date and zone, nothing as nothing. */
function text(column: Column, row: Row): string {
  const found = cells(column, row);
  const parts = found.map((cell) => (cell.time !== undefined ? (cell.time ?? '') : [cell.text, cell.note].filter(Boolean).join(' ')));
  const whole = parts.join(', ');
  return whole === '—' ? '' : whole;
}

export function csv(columns: Column[], rows: Row[]): string {
  const head = columns.map((column) => field(column.label));
  const lines = rows.map((row) => columns.map((column) => field(text(column, row))));
  return [head, ...lines].map((line) => line.join(',') + '\r\n').join('');
}

/** What may be done with an object is said for pages; it is no part of it. */
export const json = (rows: Row[]): string => JSON.stringify(rows, (key, value: unknown) => (key === 'effective' ? undefined : value), 2);

export function download(name: string, type: string, content: string): void {
  // Spreadsheets take UTF-8 without its mark for something else.
  const file = new Blob([type === 'text/csv' ? '\ufeff' + content : content], { type: `${type};charset=utf-8` });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
