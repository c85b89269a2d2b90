import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Named tables of JSON values. With a folder, every change is a line in a file, so that a killed emulator finds all of it again. */
export class Ledger {
  readonly #file: string | undefined;
  readonly #tables = new Map<string, Map<string, unknown>>();

  constructor(folder?: string) {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, 'ledger.jsonl');
    this.#load(this.#file);
    this.#compact(this.#file);
  }

  /** `T` is trusted: nobody else writes the file. */
  table<T>(name: string): Table<T> {
    return new Table<T>(this.#rows(name) as Map<string, T>, (key, value) => this.#append([name, key, value]));
  }

  #rows(name: string): Map<string, unknown> {
    const rows = this.#tables.get(name) ?? new Map<string, unknown>();
    this.#tables.set(name, rows);
    return rows;
  }

  #append(line: readonly unknown[]): void {
    if (this.#file !== undefined) appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  #load(file: string): void {
    for (const [name, key, value] of readLines(file)) {
      this.#rows(name).delete(key); // what is set again moves to the end, as in the table itself
      // JSON has no `undefined`: a row that was deleted is null in the line.
      if (value !== undefined && value !== null) this.#rows(name).set(key, value);
    }
  }

  #compact(file: string): void {
    const lines = [...this.#tables].flatMap(([name, rows]) => [...rows].map(([key, value]) => `${JSON.stringify([name, key, value])}\n`));
    writeFileSync(`${file}.new`, lines.join(''));
    renameSync(`${file}.new`, file);
  }
}

/** One table; its rows keep the order in which they were last set. */
export class Table<T> {
  readonly #rows: Map<string, T>;
  readonly #log: (key: string, value?: T) => void;

  constructor(rows: Map<string, T>, log: (key: string, value?: T) => void) {
    this.#rows = rows;
    this.#log = log;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): T | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  set(key: string, value: T): void {
    this.#rows.delete(key);
    this.#rows.set(key, value);
    this.#log(key, value);
  }

  delete(key: string): void {
    if (this.#rows.delete(key)) this.#log(key);
  }

  entries(): IterableIterator<[string, T]> {
    return this.#rows.entries();
  }

  values(): IterableIterator<T> {
    return this.#rows.values();
  }
}

function readLines(file: string): [string, string, unknown][] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  // A line that a kill cut short has no newline; it never happened.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [string, string, unknown]);
}
