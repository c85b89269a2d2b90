import type { Audience } from './audience.ts';
import type { PasswordWish } from './passwords.ts';
import type { RunProgress } from './protocol.ts';

/** One request of a client, beside its parameters. */
export interface Call extends PasswordWish {
  readonly client: Audience;
  /** Of a run. At most four times a second. */
  readonly onProgress: (progress: RunProgress) => void;
}
