import type { Audience } from './audience.ts';
import type { PasswordWish } from './passwords.ts';
import type { InitializeParams, RunProgress } from './protocol.ts';

/** One request of a client, beside its parameters. */
export interface Call extends PasswordWish {
  readonly client: Audience;
  /** Which kind of client it is, for the records. */
  readonly via: InitializeParams['via'];
  /** The user of the operating system who asks, as far as the system has proven it. Default: that of this process. */
  readonly user?: string | undefined;
  /** Of the group of a machine's service, and no administrator (see `rights.ts`). */
  readonly isMember?: boolean | undefined;
  /** Of a run. At most four times a second. */
  readonly onProgress: (progress: RunProgress) => void;
}
