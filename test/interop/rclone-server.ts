import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** `rclone serve`, on a free port of this machine, over a folder. It needs no configuration and has none. */
export class RcloneServer implements AsyncDisposable {
  /** Where it answers. */
  readonly url: URL;
  readonly #process: ReturnType<typeof spawn>;

  private constructor(process: ReturnType<typeof spawn>, url: URL) {
    this.#process = process;
    this.url = url;
  }

  /** @param args behind `rclone serve`: the protocol, its options, and what is served. @param env settings of rclone's */
  static async open(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RcloneServer> {
    const settings = { RCLONE_CONFIG: '/dev/null', ...env };
    const child = spawn('rclone', ['serve', ...args, '--addr', '127.0.0.1:0'], {
      env: { ...process.env, ...settings },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line);
      const [address] = /https?:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
      if (address === undefined) continue;
      child.stderr.resume(); // nobody reads on, and a full pipe would hold it up
      return new RcloneServer(child, new URL(address));
    }
    throw new Error(`rclone does not serve: ${said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
