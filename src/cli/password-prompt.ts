import { CadanganError, passwordFromBytes, type Password } from '../platform/index.ts';
import { listenedTo, type PasswordInput } from './input-listener.ts';

const passwordBytesMax = 64 * 1024;

/** Asks at a terminal without showing what is typed. @throws `aborted` on Ctrl-C, `password.missing` when the terminal is closed */
export async function promptPassword(
  question: string,
  input: PasswordInput,
  write: (text: string) => void,
  signal: AbortSignal,
): Promise<Password> {
  // Before the question: what is typed the moment it appears must not show either.
  input.setRawMode?.(true);
  try {
    write(question);
    return await readLine(input, signal);
  } finally {
    input.setRawMode?.(false);
    write('\n');
  }
}

/** The first line of an input that is no terminal, such as a pipe. @throws `password.missing` when there is none */
export function readPasswordLine(input: PasswordInput, signal: AbortSignal): Promise<Password> {
  return readLine(input, signal);
}

function readLine(input: PasswordInput, signal: AbortSignal): Promise<Password> {
  if (input.readableEnded) return Promise.reject(new CadanganError('password.missing'));
  const line = new LineEditor(input.isTTY === true);
  return listenedTo<Password>(input, signal, ({ resolve, reject }) => {
    const onData = (chunk: Buffer): void => {
      for (const [at, byte] of chunk.entries()) {
        const state = line.type(byte);
        if (state === 'typing') continue;
        input.off('data', onData);
        input.pause();
        // A second password may follow on the next line.
        if (at + 1 < chunk.length) input.unshift(chunk.subarray(at + 1));
        if (state === 'interrupted') reject(new CadanganError('aborted'));
        else resolve(line.password);
        return;
      }
    };
    // Without a line end, what a pipe sent is the password all the same; nothing at all is none.
    return { onData, onEnd: () => (line.isEmpty ? reject(new CadanganError('password.missing')) : resolve(line.password)) };
  });
}

/** One line, byte by byte. At a terminal in raw mode the keys that edit a line are ours to handle. */
class LineEditor {
  #bytes: number[] = [];
  readonly #isTerminal: boolean;

  constructor(isTerminal: boolean) {
    this.#isTerminal = isTerminal;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /** The bytes as they came: a pipe may bring any, and restic takes them so, without the CR of a CRLF. */
  get password(): Password {
    const end = this.#bytes.at(-1) === key.enter ? -1 : undefined;
    return passwordFromBytes(Uint8Array.from(this.#bytes.slice(0, end)));
  }

  type(byte: number): 'typing' | 'done' | 'interrupted' {
    if (byte === key.lineFeed || (this.#isTerminal && byte === key.enter)) return 'done';
    if (this.#isTerminal && byte === key.controlC) return 'interrupted';
    if (this.#isTerminal && byte === key.controlD) return this.isEmpty ? 'interrupted' : 'done';
    if (this.#isTerminal && (byte === key.delete || byte === key.backspace)) this.#eraseCharacter();
    else if (this.#isTerminal && byte === key.controlU) this.#bytes = [];
    else if (this.#bytes.length < passwordBytesMax) this.#bytes.push(byte);
    return 'typing';
  }

  /** A character of UTF-8 is its first byte and those behind it of the form 10xxxxxx. */
  #eraseCharacter(): void {
    let last = this.#bytes.pop();
    while (last !== undefined && (last & 0xc0) === 0x80) last = this.#bytes.pop();
  }
}

const key = { controlC: 3, controlD: 4, backspace: 8, lineFeed: 10, enter: 13, controlU: 21, delete: 127 } as const;
