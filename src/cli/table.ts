import { displayWidth, pad } from './display-width.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A row's cell; several lines stand one under the other. */
export type Cell = string | readonly string[];

/** Lines of a table as restic draws them: titles, a rule, rows, a rule, and the footer if there is one. No cell may hold a line break. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly Cell[])[], footer?: string): string[] {
  const texts = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? [cell] : cell)));
  const widths = columns.map(({ title }, at) =>
    Math.max(displayWidth(title), ...texts.flatMap((row) => (row[at] ?? []).map(displayWidth))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.align))
      .join('  ')
      .trimEnd();
  const rule = '-'.repeat(widths.reduce((sum, width) => sum + width, 2 * (columns.length - 1)));
  const body = texts.flatMap((row) => {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    return Array.from({ length: height }, (_, number) => line(columns.map((_column, at) => row[at]?.[number] ?? '')));
  });
  return [line(columns.map(({ title }) => title)), rule, ...body, rule, ...(footer === undefined ? [] : [footer])];
}
