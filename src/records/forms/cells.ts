import { rowsOf } from '../rows.ts';
import type { HistoryRecord } from '../record.ts';
import type { Cell, Column, Tone } from './form.ts';

/* What tables of forms are made of. */

export function plain(text: string): Cell {
  return { text };
}

export function code(text: string): Cell {
  return { text, isCode: true };
}

export function toneOf({ result }: Pick<HistoryRecord, 'result'>): Tone | undefined {
  if (result === undefined) return undefined;
  switch (result) {
    case 'success':
      return 'good';
    case 'success-with-exceptions':
    case 'stopped':
      return 'warning';
    case 'failed':
    case 'missed':
      return 'bad';
  }
}

/** A column of numbers, as narrow as they are. */
export function numberColumn(title: string): Column {
  return { title, align: 'right', width: 'auto' };
}

/** `12, 15 – 19`: records that follow each other are one. */
export function numbersText(numbers: readonly number[]): string {
  return rowsOf(numbers, (number, before) => number === before + 1)
    .map((row) => (row.length === 1 ? String(row[0]) : `${row[0]} – ${row.at(-1) ?? row[0]}`))
    .join(', ');
}

const glanceCharsMax = 160;

/** Where one line has to do, and the whole is at hand. */
export function shortened(text: string): string {
  return text.length <= glanceCharsMax ? text : `${text.slice(0, glanceCharsMax)}…`;
}

/** At most so many characters each; none is torn. Of an empty text, one piece. */
export function piecesOf(text: string, charsMax: number): string[] {
  const characters = [...text];
  const pieces = Array.from({ length: Math.ceil(characters.length / charsMax) }, (_, at) =>
    characters.slice(at * charsMax, (at + 1) * charsMax).join(''),
  );
  return pieces.length === 0 ? [''] : pieces;
}

/** A page takes about so many in a column of 80 points. */
export const cellCharsMax = 400;

/** A row that has to fit on a page: what is longer in a cell goes on in rows below, whose other cells are blank. */
export function flowing(cells: readonly Cell[], charsMax: number): Cell[][] {
  const pieces = cells.map(({ text }) => piecesOf(text, charsMax));
  const count = Math.max(...pieces.map(({ length }) => length));
  return Array.from({ length: count }, (_, row) =>
    cells.map((cell, at) => (row === 0 || pieces[at]?.[row] !== undefined ? { ...cell, text: pieces[at]?.[row] ?? '' } : plain(''))),
  );
}
