import { CadanganError, systemCode } from '../platform/index.ts';
import { cutStart } from './display-width.ts';
import type { OutputStream } from './output-stream.ts';

/** Small writes are gathered: a listing of a million files must not be a million system calls. */
const bufferCharsMax = 64 * 1024;
const defaultColumns = 80;
const eraseLine = '\r\x1b[2K';

/**
 * Where a command writes: results on standard output, everything else (notes, errors, progress) on standard error, so that a pipe gets
 * results only. The progress line lives on standard error and is taken away before anything else is written to a terminal.
 *
 * What does not reach standard output stops no command: a backup goes on when the disk of its log is full. It ends with `outputError`.
 */
export class Terminal {
  readonly #out: OutputStream;
  readonly #err: OutputStream;
  #buffer = '';
  #progressShown = false;
  #isMuted = false;
  #outputError: CadanganError | undefined;

  constructor(out: OutputStream, err: OutputStream) {
    this.#out = out;
    this.#err = err;
  }

  /** True where a line can be redrawn and somebody may be watching. */
  get showsProgress(): boolean {
    return this.#err.isTTY === true;
  }

  /** Why the result is not whole where it was to go; nothing more of it is written. Known for sure after `drain`. */
  get outputError(): CadanganError | undefined {
    return this.#outputError;
  }

  /** Standard output cannot be written to, and it is not that its reader has left. */
  failOutput(cause: unknown): void {
    this.#outputError ??= new CadanganError('output.failed', { reason: systemCode(cause) }, { cause });
    this.#buffer = '';
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
    if (this.#outputError) return;
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

  /** Bytes of the result, at the pace of whoever reads them. @throws `output.failed`; `aborted` when nobody does */
  async writeBytes(bytes: Uint8Array): Promise<void> {
    this.flush();
    await new Promise<void>((resolve) => this.#send(bytes, resolve));
    if (this.#isMuted) throw new CadanganError('aborted');
    if (this.#outputError) throw this.#outputError;
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
    this.#send(text);
  }

  /** Resolves when everything has left the process. */
  async drain(): Promise<void> {
    this.clearProgress();
    this.flush();
    for (const stream of [this.#out, this.#err]) await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }

  #send(chunk: string | Uint8Array, done?: () => void): void {
    this.#out.write(chunk, (error) => {
      if (error && isClosedPipe(error)) this.mute();
      else if (error) this.failOutput(error);
      done?.();
    });
  }
}

/** A reader that has seen enough (`| head`). Windows says EOF. */
export function isClosedPipe(error: unknown): boolean {
  return ['EPIPE', 'EOF', 'ECONNRESET'].includes(systemCode(error) ?? '');
}
