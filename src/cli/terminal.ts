import { cutStart } from './display-width.ts';

/** What of a `tty.WriteStream` is needed; a test can put its own in place. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
}

/** Small writes are gathered: a listing of a million files must not be a million system calls. */
const bufferCharsMax = 64 * 1024;
const defaultColumns = 80;
const eraseLine = '\r\x1b[2K';

/**
 * Where a command writes: results on standard output, everything else (notes, errors, progress) on standard error, so that a pipe gets
 * results only. The progress line lives on standard error and is taken away before anything else is written to a terminal.
 */
export class Terminal {
  readonly #out: OutputStream;
  readonly #err: OutputStream;
  #buffer = '';
  #progressShown = false;
  #isMuted = false;

  constructor(out: OutputStream, err: OutputStream) {
    this.#out = out;
    this.#err = err;
  }

  /** True where a line can be redrawn and somebody may be watching. */
  get showsProgress(): boolean {
    return this.#err.isTTY === true;
  }

  /** Nobody reads the result any more: nothing is said from now on, as a program that its broken pipe ends would not. */
  mute(): void {
    this.#isMuted = true;
    this.#buffer = '';
  }

  /** A line of the result. `text` must be safe to show. */
  print(text = ''): void {
    this.write(`${text}\n`);
  }

  /** A part of the result, without a line end of its own. */
  write(text: string): void {
    if (this.#isMuted) return;
    this.clearProgress();
    this.#buffer += text;
    if (this.#out.isTTY || this.#buffer.length > bufferCharsMax) this.flush();
  }

  /** A line for people that is no part of the result. `text` must be safe to show. */
  note(text = ''): void {
    if (this.#isMuted) return;
    this.clearProgress();
    this.flush();
    this.#err.write(`${text}\n`);
  }

  /** A question, without a line end. */
  prompt(text: string): void {
    this.clearProgress();
    this.flush();
    this.#err.write(text);
  }

  /** Bytes of the result, at the pace of whoever reads them. */
  async writeBytes(bytes: Uint8Array): Promise<void> {
    this.flush();
    await new Promise<void>((resolve, reject) => {
      this.#out.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Draws the progress line; only its last part is kept where it is wider than the terminal. */
  progress(before: string, cuttable: string): void {
    if (!this.showsProgress) return;
    this.flush();
    const columns = (this.#err.columns ?? defaultColumns) - 1;
    const rest = columns - before.length;
    this.#err.write(`${eraseLine}${before.slice(0, columns)}${rest > 0 ? cutStart(cuttable, rest) : ''}`);
    this.#progressShown = true;
  }

  clearProgress(): void {
    if (!this.#progressShown) return;
    this.#progressShown = false;
    this.#err.write(eraseLine);
  }

  flush(): void {
    if (this.#buffer === '') return;
    const text = this.#buffer;
    this.#buffer = '';
    this.#out.write(text);
  }

  /** Resolves when everything has left the process. */
  async drain(): Promise<void> {
    this.clearProgress();
    this.flush();
    for (const stream of [this.#out, this.#err]) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}
