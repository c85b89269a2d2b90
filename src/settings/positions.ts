/** A stretch of a line. Line and column count from 1, column and length in UTF-16 units: what editors show. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** As far as the end of the line at most. */
  readonly length: number;
}

/** Finds lines and columns of offsets in one text. Lines end as in VS Code: LF, CR LF or CR. */
export class Positions {
  readonly #text: string;
  /** Offsets at which lines begin. */
  readonly #starts: readonly number[];

  constructor(text: string) {
    this.#text = text;
    this.#starts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map(({ 0: lineEnd, index }) => index + lineEnd.length)];
  }

  placeOf({ offset, length }: { readonly offset: number; readonly length: number }): Place {
    const start = Math.min(Math.max(0, offset), this.#text.length);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? Infinity) <= start) low = middle;
      else high = middle - 1;
    }
    const next = this.#starts[low + 1];
    const lineEnd = next === undefined ? this.#text.length : next - (this.#text.slice(next - 2, next) === '\r\n' ? 2 : 1);
    return { line: low + 1, column: start - (this.#starts[low] ?? 0) + 1, length: Math.max(0, Math.min(length, lineEnd - start)) };
  }
}
