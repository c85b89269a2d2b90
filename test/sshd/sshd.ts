import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { makeKey, makeKeyOf, typeAndKey, type KeyKind } from './keys.ts';
import { freePort } from '../free-port.ts';

export interface SshdOptions {
  readonly hostKeys?: readonly KeyKind[];
  /** Further lines of sshd_config. */
  readonly lines?: readonly string[];
}

/**
 * Debian's OpenSSH server on a free port of loopback, with keys and a home folder of its own for who logs in to it. It takes one key, of
 * whoever runs the tests, and nothing else.
 */
export class Sshd implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly user = userInfo().username;
  readonly #process: ReturnType<typeof spawn>;
  readonly #ended: Promise<unknown>;

  private constructor(folder: string, port: number, process: ReturnType<typeof spawn>) {
    this.folder = folder;
    this.port = port;
    this.#process = process;
    this.#ended = once(process, 'exit');
  }

  /** @param tries how often another port is taken, when one that was free is not any more */
  static async start(options: SshdOptions = {}, tries = 3): Promise<Sshd> {
    const { hostKeys = ['ed25519'], lines = [] } = options;
    const folder = await mkdtemp(join(tmpdir(), 'cadangan-sshd-'));
    await mkdir(join(folder, 'home', '.ssh'), { recursive: true, mode: 0o700 });
    for (const kind of hostKeys) makeKeyOf(join(folder, `host_${kind}`), kind);
    await writeFile(join(folder, 'authorized_keys'), `${makeKey(join(folder, 'home', '.ssh', 'id_ed25519'))}\n`, { mode: 0o600 });
    const port = await freePort();
    const configuration = [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      ...hostKeys.map((kind) => `HostKey ${join(folder, `host_${kind}`)}`),
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'MaxStartups 100',
      'Subsystem sftp internal-sftp',
      ...lines,
    ];
    await writeFile(join(folder, 'sshd_config'), `${configuration.join('\n')}\n`);
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true }); // where it locks itself in before a login
    const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    const sshd = new Sshd(folder, port, child);
    try {
      await sshd.#listening();
      return sshd;
    } catch (error) {
      await sshd[Symbol.asyncDispose]();
      if (tries > 1 && String(error).includes('in use')) return Sshd.start(options, tries - 1);
      throw error;
    }
  }

  get home(): string {
    return join(this.folder, 'home');
  }

  get keyFile(): string {
    return join(this.home, '.ssh', 'id_ed25519');
  }

  /** As known_hosts has it. */
  get name(): string {
    return `[127.0.0.1]:${this.port}`;
  }

  /** `type key` of a host key. */
  async hostKey(kind: KeyKind = 'ed25519'): Promise<string> {
    return typeAndKey(await readFile(join(this.folder, `host_${kind}.pub`), 'utf8'));
  }

  /** Writes the known hosts of whoever logs in. Default: this server by all of `kinds`. */
  async writeKnownHosts(text?: string, kinds: readonly KeyKind[] = ['ed25519']): Promise<string> {
    const file = join(this.home, '.ssh', 'known_hosts');
    const lines = await Promise.all(kinds.map(async (kind) => `${this.name} ${await this.hostKey(kind)}\n`));
    await writeFile(file, text ?? lines.join(''), { mode: 0o600 });
    return file;
  }

  /** Ends the server and every connection to it. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const pids = this.#process.pid === undefined ? [] : await withChildren(this.#process.pid);
    for (const pid of pids) signalNow(pid, 'SIGKILL');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #listening(): Promise<void> {
    let said = '';
    // It says more, and is to find somebody who listens as long as it runs.
    const listening = new Promise<true>((resolve) => {
      this.#process.stderr?.on('data', (chunk: Buffer) => {
        if (said.includes('Server listening on')) return;
        said += chunk.toString();
        if (said.includes('Server listening on')) resolve(true);
      });
    });
    if ((await Promise.race([listening, this.#ended])) !== true) throw new Error(`sshd ended: ${said}`);
  }
}

/** Each connection is a process, which makes itself independent of its parent. None makes another one while it is looked at. */
async function withChildren(pid: number): Promise<number[]> {
  signalNow(pid, 'SIGSTOP');
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const below = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => withChildren(Number(child))),
  );
  return [pid, ...below.flat()];
}

function signalNow(pid: number, signal: 'SIGSTOP' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended by itself
  }
}
