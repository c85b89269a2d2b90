import type { CredentialStore, DriveClientOptions, Wait } from '../google/index.ts';
import type { Clock, Environment, Pace, Password, Random } from '../platform/index.ts';
import type { GoogleDriveSettings, StorageSettings } from '../settings/index.ts';
import type { UnknownHost } from '../storage/index.ts';
import type { ProgramVet } from './set-program.ts';

/** What of this machine, and of its configuration, reaches storages: the account on Google Drive, keys and passwords of servers. */
export interface StoragePlace {
  /** The account, as configured; undefined when it is not. */
  readonly settings: GoogleDriveSettings | undefined;
  /** How servers are reached, as configured. Default: as environment and the user's own files say. */
  readonly storages?: readonly StorageSettings[] | undefined;
  readonly stateFolder: string;
  readonly environment: Environment;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Instead of the owner-only file that runs without an editor use. */
  readonly store?: CredentialStore | undefined;
  /** How fast bytes may go to storages that are opened with this, and come from there. Default: as fast as it goes. */
  readonly pace?: Pace | undefined;
  /** Told before each wait for Google, or for a server. */
  readonly onWait?: ((wait: PlaceWait) => void) | undefined;
  /** Other patience and pace; for tests. */
  readonly client?: Partial<DriveClientOptions> | undefined;
  /**
   * What a file or program of the configuration says that nobody else may read. Undefined: it names neither.
   * @throws `password.missing`, `password.exposed`, `password.empty`, `aborted`
   */
  readonly secret?: ((way: SecretWay, signal: AbortSignal) => Promise<Password | undefined>) | undefined;
  /** Asked before a program is run that the configuration names, or that the system finds. @throws `service.unsafe` */
  readonly vet?: ProgramVet | undefined;
  /** Whether a server that was never met before is the right one. Without it such a one is refused. */
  readonly confirmHost?: ((host: UnknownHost) => Promise<boolean>) | undefined;
}

/** A wait before something is asked for once more. `location`: of the server that is waited for; left out, it is Google. */
export interface PlaceWait extends Wait {
  readonly location?: string;
}

export interface SecretWay {
  readonly passwordFile?: string | undefined;
  readonly passwordCommand?: readonly string[] | undefined;
}
