import type { Duplex } from 'node:stream';
import type { AnyAuthMethod, Client, ConnectConfig } from 'ssh2';
import { CadanganError, orFailure, systemCode, throwIfAborted, type Clock, type Random } from '../../platform/index.ts';
import type { SftpAccess } from './sftp-access.ts';
import { SftpChannel } from './sftp-channel.ts';
import { SftpFault } from './sftp-fault.ts';
import { speedUp } from './ssh-ciphers.ts';
import type { SshSettings } from './ssh-config.ts';
import { HostCheck, unheededOf } from './ssh-host-check.ts';
import { SshLogin, type Ssh2, type TypedSecrets } from './ssh-login.ts';
import { checksOfSilence, Silence } from './ssh-silence.ts';
import { dialSsh, type SshSocket } from './ssh-socket.ts';

/** How many times as long as a line may be silent a server may be busy with one request: a disk that spins up, an array that syncs. */
const patienceWithDisks = 5;

export interface ConnectionWorld {
  readonly access: SftpAccess;
  readonly secrets: TypedSecrets;
  readonly clock: Clock;
  readonly random: Random;
  readonly quietMsMax: number;
}

/** One host on the way, and how it is told that it was heard. */
interface Hop {
  readonly ssh2: Ssh2;
  readonly stream: Duplex;
  readonly heard: () => void;
  /** The last one. */
  readonly isServer: boolean;
}

/**
 * A connection to a server, over as many hosts as there are on the way. It is watched: when nothing was heard for a time it is lost, also
 * when no side has closed it (a cable that was pulled, a router that forgot).
 */
export class SshConnection {
  readonly #world: ConnectionWorld;
  readonly #over = new AbortController();
  readonly #clients: Client[] = [];
  readonly #silence: Silence;
  #socket: SshSocket | undefined;
  /** The other side waits for us, who wait for a person. */
  #waitingForPerson = 0;

  private constructor(world: ConnectionWorld) {
    this.#world = world;
    this.#silence = new Silence(world, this.over, () => this.#fail(new SftpFault('lost', 'ETIMEDOUT')));
  }

  /** Aborted when the connection is over; its reason is an `SftpFault`, or why nobody could log in. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Connects and logs in to each host of the route, the last of which is the server, and opens SFTP there.
   * @throws `storage.unknown-host`, `storage.host-changed`, `storage.denied`; SftpFault for all that may pass; `aborted`
   */
  static async openSftp(route: readonly SshSettings[], world: ConnectionWorld, signal: AbortSignal): Promise<SftpChannel> {
    const connection = new SshConnection(world);
    return connection.#opened(route, signal, async (server) =>
      SftpChannel.open({
        stream: await connection.#startChannel(server),
        over: connection.over,
        fail: (fault) => connection.end(fault),
        watch: (isOwed) => connection.watchAnswers(isOwed),
      }),
    );
  }

  /** As `openSftp`, for whoever speaks SFTP himself. */
  static async openChannel(
    route: readonly SshSettings[],
    world: ConnectionWorld,
    signal: AbortSignal,
  ): Promise<{ readonly connection: SshConnection; readonly channel: Duplex }> {
    const connection = new SshConnection(world);
    return { connection, channel: await connection.#opened(route, signal, (server) => connection.#startChannel(server)) };
  }

  /** Whoever serves files at the other end must answer, too, while it is owed; a disk may take its time. @returns when it was heard */
  watchAnswers(isOwed: () => boolean): () => void {
    return this.#silence.watch(isOwed, patienceWithDisks);
  }

  /** Ends it at once. */
  end(fault = new SftpFault('lost', 'closed')): void {
    this.#fail(fault);
  }

  async #opened<T>(route: readonly SshSettings[], signal: AbortSignal, start: (server: Client) => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    const abort = (): void => this.#fail(new CadanganError('aborted', {}, { cause: signal.reason }));
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await orFailure(this.#reach(route).then(start), this.over);
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async #reach(route: readonly SshSettings[]): Promise<Client> {
    const { default: ssh2 } = await import('ssh2');
    this.#assertWanted();
    for (const [i, settings] of route.entries()) {
      const heard = this.#silence.watch(() => this.#waitingForPerson === 0);
      const before = this.#clients.at(-1);
      const stream = before ? await forward(before, settings) : await this.#dial(settings);
      this.#clients.push(await this.#logIn({ ssh2, stream, heard, isServer: i === route.length - 1 }, settings));
    }
    const server = this.#clients.at(-1);
    if (server === undefined) throw new SftpFault('failed', 'no host');
    return server;
  }

  /** Whoever has given up wants no connection that nobody would end. */
  #assertWanted(): void {
    if (this.over.aborted) throw this.over.reason;
  }

  #fail(error: unknown): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort(error);
    for (const client of this.#clients) client.destroy();
    this.#socket?.socket.destroy();
  }

  #dial({ hostName: host, port }: SshSettings): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      this.#assertWanted();
      this.#socket = dialSsh(host, port);
      const { socket } = this.#socket;
      socket.once('connect', () => resolve(socket));
      socket.on('error', (error) => {
        const fault = new SftpFault('lost', systemCode(error) ?? 'ECONNRESET', error);
        reject(fault);
        this.#fail(fault);
      });
      socket.on('close', () => this.#fail(new SftpFault('lost', 'ECONNRESET')));
    });
  }

  async #logIn({ ssh2, stream, heard, isServer }: Hop, settings: SshSettings): Promise<Client> {
    const { access, secrets, random, quietMsMax } = this.#world;
    const hostCheck = await HostCheck.of(settings, access, secrets.hosts);
    this.#assertWanted();
    const login = new SshLogin({ ssh2, settings, access, secrets, isServer });
    const client = new ssh2.Client();
    await new Promise<void>((resolve, reject) => {
      const fail = (error: unknown): void => {
        reject(error instanceof Error ? error : new SftpFault('lost', 'ECONNRESET'));
        this.#fail(error);
      };
      let isReady = false;
      const speed = (): void => {
        const isFast = speedUp(client, random);
        if (stream === this.#socket?.socket) this.#socket.lend(isFast);
      };
      client.on('ready', () => {
        isReady = true;
        speed();
        resolve();
      });
      client.on('handshake', () => isReady && speed());
      client.on('error', (error) => {
        if (error.level === 'agent') return; // the next key is shown
        if (isRefusal(error)) secrets.password = undefined;
        fail(isRefusal(error) ? refused(settings, login) : faultOfLibrary(error));
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
          // When keys are exchanged anew the answer must be there at once: while the library waits for it, what it sends is spoiled.
          if (hostCheck.hasAccepted(key)) return verify(true);
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
      client.once('handshake', () => stream.on('data', heard));
    });
    await hostCheck.remember(random).catch(() => undefined); // whoever cannot write it down is asked again
    return client;
  }

  #startChannel(client: Client): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      client.subsys('sftp', (error, channel) => {
        const without = 'the server offers no SFTP';
        // One that opens no channel has too many of them, or none for anybody; it may be another in a moment.
        if (error && 'reason' in error) return reject(new SftpFault('lost', 'the server opens no channel', error));
        if (error) return reject(new SftpFault('unsupported', without, error));
        // One that runs something else in its place takes the request, and says nothing.
        const ended = (): void =>
          this.#fail(channel.readableDidRead ? new SftpFault('lost', 'ECONNRESET') : new SftpFault('unsupported', without));
        channel.on('error', (cause: unknown) => this.#fail(new SftpFault('lost', 'EPROTO', cause)));
        channel.on('end', ended);
        channel.on('close', ended);
        channel.stderr.resume(); // what is not read would hold the channel up
        resolve(channel);
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

function refused(settings: SshSettings, { tried }: SshLogin): CadanganError {
  const { hostName: host, port, user } = settings;
  return new CadanganError('storage.denied', { host, port, user, reason: 'login', tried: [...tried], ...unheededOf(settings) });
}

function faultOfLibrary(error: Error & { readonly level?: string }): SftpFault {
  if (error.level === 'handshake' && /no matching/i.test(error.message))
    return new SftpFault('unsupported', 'no algorithm in common', error);
  const isOfProtocol = error.level === 'handshake' || error.level === 'protocol';
  return new SftpFault('lost', systemCode(error) ?? (isOfProtocol ? 'EPROTO' : 'ECONNRESET'), error);
}
