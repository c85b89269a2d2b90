import type { Clock, Environment, Random } from '../../platform/index.ts';

/** A server that nobody knows yet, as a person is to judge it. */
export interface UnknownHost {
  readonly host: string;
  readonly port: number;
  readonly keyType: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
}

/**
 * How a server is logged in to, and what of the world that needs. All that is optional is then as `ssh` of this user has it. The callbacks
 * may wait for a person; the answers are kept in memory as long as the storage is open, since further connections need them.
 */
export interface SftpAccess {
  readonly environment: Environment;
  /** Default: the home folder of `environment`. */
  readonly home?: string;
  /** The machine's ssh_config and known hosts. Default: `/etc/ssh`, or its like on Windows. */
  readonly systemFolder?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** This key alone, be it in the file or in the agent. */
  readonly identityFile?: string;
  /** In place of the user's; new hosts are written into it. */
  readonly knownHostsFile?: string;
  /** Beside the user's: where new hosts are written when those cannot be, as in a service that may not write into a home folder. */
  readonly ownKnownHostsFile?: string;
  /** In place of ProxyJump: `[user@]host[:port]`, several with commas between, or `none`. */
  readonly jump?: string;
  /** Of the server, never of a host on the way: what is meant for one must not be shown to another. Undefined: there is none. */
  readonly password?: () => Promise<string | undefined>;
  /** Asked again, up to three times, when it was the wrong one. Undefined: this key is not used. */
  readonly passphrase?: (keyFile: string) => Promise<string | undefined>;
  /** Whether it is the right one. Without it an unknown host is refused. */
  readonly confirmHost?: (host: UnknownHost) => Promise<boolean>;
  /** How many connections there may be at once. Default: 4. */
  readonly linesMax?: number;
  /** A connection from which nothing was heard for so long is lost. Default: a minute. */
  readonly quietMsMax?: number;
}
