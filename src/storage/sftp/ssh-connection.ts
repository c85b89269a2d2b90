import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client, ConnectConfig, SFTPWrapper } from 'ssh2';
import { CadanganError, orFailure, systemCode, throwIfAborted, type Clock, type Random } from '../../platform/index.ts';
import type { SftpAccess } from './sftp-access.ts';
import { SftpFault } from './sftp-fault.ts';
import type { SshSettings } from './ssh-config.ts';
import { HostCheck } from './ssh-host-check.ts';
import { SshLogin, type Ssh2, type TypedSecrets } from './ssh-login.ts';

/** How often in the time after which silence means that the line is dead it is listened, and something said that must be answered. */
const checksOfSilence = 4;

export interface ConnectionWorld {
  readonly access: SftpAccess;
  readonly secrets: TypedSecrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly quietMsMax: number;
}

/**
 * A connection to a server, over as many hosts as there are on the way. It is watched: when nothing was heard for a time it is lost, also
 * when no side has closed it (a cable that was pulled, a router that forgot).
 */
export class SshConnection {
  readonly #world: ConnectionWorld;
  readonly #over = new AbortController();
  readonly #clients: Client[] = [];
  #socket: Socket | undefined;
  #silentChecks = 0;
  /** The other side waits for us, who wait for a person. */
  #waitingForPerson = 0;

  private constructor(world: ConnectionWorld) {
    this.#world = world;
  }

  /** Aborted when the connection is over; its reason is an `SftpFault`, or why nobody could log in. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Connects and logs in to each host of the route, the last of which is the server, and opens SFTP there.
   * @throws `storage.unknown-host`, `storage.host-changed`, `storage.denied`; SftpFault for all that may pass; `aborted`
   */
  static async open(
    route: readonly SshSettings[],
    world: ConnectionWorld,
    signal: AbortSignal,
  ): Promise<{ readonly connection: SshConnection; readonly sftp: SFTPWrapper }> {
    throwIfAborted(signal);
    const connection = new SshConnection(world);
    const abort = (): void => connection.#fail(new CadanganError('aborted', {}, { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    try {
      return { connection, sftp: await orFailure(connection.#reach(route), connection.over) };
    } catch (error) {
      connection.#fail(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Ends it at once. */
  end(): void {
    this.#fail(new SftpFault('lost', 'closed'));
  }

  async #reach(route: readonly SshSettings[]): Promise<SFTPWrapper> {
    const { default: ssh2 } = await import('ssh2');
    this.#assertWanted();
    this.#watch();
    let stream: Duplex | undefined;
    for (const [i, settings] of route.entries()) {
      const before = this.#clients.at(-1);
      stream = before ? await forward(before, settings) : await this.#dial(settings);
      this.#clients.push(await this.#logIn(ssh2, stream, settings, i === route.length - 1));
    }
    const server = this.#clients.at(-1);
    if (server === undefined) throw new SftpFault('failed', 'no host');
    return this.#startSftp(server);
  }

  /** Whoever has given up wants no connection that nobody would end. */
  #assertWanted(): void {
    if (this.over.aborted) throw this.over.reason;
  }

  #fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(error);
    for (const client of this.#clients) client.destroy();
    this.#socket?.destroy();
  }

  /** Counts looks, not time: a machine that slept or was busy has not listened meanwhile. */
  #watch(): void {
    const { clock, quietMsMax } = this.#world;
    const watch = async (): Promise<void> => {
      while (!this.over.aborted) {
        await clock.sleep(quietMsMax / checksOfSilence, this.over);
        if (this.#waitingForPerson > 0) this.#silentChecks = 0;
        else if (++this.#silentChecks > checksOfSilence) this.#fail(new SftpFault('lost', 'ETIMEDOUT'));
      }
    };
    watch().catch(() => undefined); // the sleep ends with the connection
  }

  #dial({ hostName: host, port }: SshSettings): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#assertWanted();
      const socket = connectTcp({ host, port, noDelay: true });
      this.#socket = socket;
      socket.once('connect', () => resolve(socket));
      socket.on('error', (error) => {
        const fault = new SftpFault('lost', systemCode(error) ?? 'ECONNRESET', error);
        reject(fault);
        this.#fail(fault);
      });
      socket.on('close', () => this.#fail(new SftpFault('lost', 'ECONNRESET')));
    });
  }

  async #logIn(ssh2: Ssh2, stream: Duplex, settings: SshSettings, isServer: boolean): Promise<Client> {
    const { access, secrets, random, quietMsMax } = this.#world;
    const hostCheck = await HostCheck.of(settings, access);
    this.#assertWanted();
    const login = new SshLogin({ ssh2, settings, access, secrets, isServer });
    const client = new ssh2.Client();
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error instanceof Error ? error : new SftpFault('lost', 'ECONNRESET'));
        this.#fail(error);
      };
      client.on('ready', resolve);
      client.on('error', (error) => {
        if (error.level === 'agent') return; // the next key is shown
        if (isRefusal(error)) secrets.password = undefined;
        fail(isRefusal(error) ? refused(settings, login) : new SftpFault('lost', reasonOf(error), error));
      });
      client.on('close', () => fail(new SftpFault('lost', 'ECONNRESET')));
      client.connect({
        sock: stream,
        username: settings.user,
        readyTimeout: 0, // silence is watched, and a person may take long
        keepaliveInterval: Math.ceil(quietMsMax / checksOfSilence),
        keepaliveCountMax: Number.MAX_SAFE_INTEGER,
        algorithms: { serverHostKey: hostCheck.algorithms(), compress: ['none'] },
        hostVerifier: (key: Buffer, verify: (isGood: boolean) => void) => {
          this.#withPerson(() => hostCheck.accept(key)).then(
            () => verify(true),
            (error: unknown) => {
              fail(error);
              verify(false);
            },
          );
        },
        authHandler: authHandlerOf((taken) => this.#withPerson(() => login.next(taken)), fail),
      });
      // Not before: the library listens when it is ready to, and would miss what an earlier listener of ours had let flow.
      client.once('handshake', () => stream.on('data', () => (this.#silentChecks = 0)));
    });
    await hostCheck.remember(random).catch(() => undefined); // whoever cannot write it down is asked again
    return client;
  }

  #startSftp(client: Client): Promise<SFTPWrapper> {
    return new Promise((resolve, reject) => {
      client.sftp((error, sftp) => {
        if (error) return reject(new SftpFault('failed', 'the server offers no SFTP', error));
        const ended = (): void => this.#fail(new SftpFault('lost', 'ECONNRESET'));
        sftp.on('error', (cause: unknown) => this.#fail(new SftpFault('lost', 'EPROTO', cause)));
        sftp.on('end', ended);
        sftp.on('close', ended);
        resolve(sftp);
      });
    });
  }

  async #withPerson<T>(ask: () => Promise<T>): Promise<T> {
    this.#waitingForPerson += 1;
    try {
      return await ask();
    } finally {
      this.#waitingForPerson -= 1;
    }
  }
}

/** The types of the library lack that nothing more can be shown (`false`), and that no methods are known at first (`null`). */
function authHandlerOf(
  next: (taken: readonly string[] | null) => Promise<AnyAuthMethod | false>,
  fail: (error: unknown) => void,
): NonNullable<ConnectConfig['authHandler']> {
  return (taken: readonly string[] | null, _isPartial: boolean | null, show: (method: never) => void) => {
    next(taken).then((method) => show(method as never), fail);
  };
}

function forward(client: Client, { hostName, port }: SshSettings): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, hostName, port, (error, channel) => {
      if (error) reject(new SftpFault('lost', 'the host on the way does not lead there', error));
      else resolve(channel);
    });
  });
}

/** OpenSSH hangs up when it has seen too many keys, and says so in words only. */
function isRefusal(error: Error & { readonly level?: string }): boolean {
  return error.level === 'client-authentication' || /too many authentication failures/i.test(error.message);
}

function refused({ hostName: host, port, user }: SshSettings, { tried }: SshLogin): CadanganError {
  return new CadanganError('storage.denied', { host, port, user, reason: 'login', tried: [...tried] });
}

function reasonOf(error: Error & { readonly level?: string }): string {
  if (error.level === 'handshake') return /no matching/i.test(error.message) ? 'no algorithm in common' : 'EPROTO';
  return systemCode(error) ?? (error.level === 'protocol' ? 'EPROTO' : 'ECONNRESET');
}
