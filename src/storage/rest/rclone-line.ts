import { ConnectionFault, type AnswerHead, type BodySink } from '../../http/index.ts';
import { CadanganError, throwIfAborted, type Pace } from '../../platform/index.ts';
import { PipeLine } from './pipe-line.ts';
import { RcloneProgram, type RcloneOptions } from './rclone-program.ts';
import type { RestLine, RestRequest } from './rest-line.ts';

/** A program that is running, and the line to it. */
interface Running {
  readonly program: RcloneProgram;
  readonly line: PipeLine;
}

export interface RcloneLineOptions extends RcloneOptions {
  readonly idleMsMax: number;
  readonly pace?: Pace | undefined;
  /** For errors. */
  readonly location: string;
}

/** Requests to a remote of rclone. The program starts with the first of them, and again with the first after it ended. */
export class RcloneLine implements RestLine {
  readonly #remote: string;
  readonly #options: RcloneLineOptions;
  #running: Running | undefined;
  /** Programs that are ending, or are to be seen to. */
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  /** @param remote `remote:path` */
  #peersGone = 0;

  constructor(remote: string, options: RcloneLineOptions) {
    this.#remote = remote;
    this.#options = options;
  }

  get peersGone(): number {
    return this.#peersGone;
  }

  async exchange(request: RestRequest, begin: (head: AnswerHead) => BodySink): Promise<AnswerHead> {
    throwIfAborted(request.signal);
    if (this.#isClosed) throw new ConnectionFault('closed');
    const running = (this.#running ??= this.#start());
    try {
      return await running.line.exchange(request, begin);
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      if (running.line.isOver) throw await this.#lossOf(running);
      // One that has said nothing to anybody for so long says nothing to the next who asks either; another one may.
      if (running.line.isSilent) this.#end(running);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const running = this.#running;
    if (running) this.#end(running);
    await Promise.all(this.#ending);
  }

  #start(): Running {
    const program = new RcloneProgram(this.#remote, this.#options);
    void program.ended.then(() => (this.#peersGone += 1));
    return { program, line: new PipeLine(program.pipes, this.#options) };
  }

  #end(running: Running): void {
    if (this.#running === running) this.#running = undefined;
    running.line.destroy();
    const ending = running.program.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Why the line is over: what the program said last, or how it ended. */
  async #lossOf(running: Running): Promise<Error> {
    this.#end(running);
    const { location, program = 'rclone' } = this.#options;
    const why = await running.program.ended;
    if (why === 'ENOENT' || why === 'EACCES') {
      const missing = `the program "${program}" is not installed: see https://rclone.org/install, or install the package "rclone"`;
      const reason = why === 'ENOENT' ? missing : `the program "${program}" may not be run`;
      return new CadanganError('storage.unreachable', { location, program, reason });
    }
    return new ConnectionFault(`rclone: ${running.program.said ?? why}`);
  }
}
