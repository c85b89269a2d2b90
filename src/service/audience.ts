import type { Notification, Procedure } from './procedure.ts';
import type { LogLine } from './protocol.ts';

/** Whom the service works for, over whatever channel. Somebody who is gone hears nothing, and that is no trouble of the service. */
export interface Audience {
  tell<Params>(notification: Notification<Params>, params: NoInfer<Params>): void;
  /** Undefined also when nobody is there to ask. With the signal the question is taken back. @throws `aborted` */
  ask<Params, Result>(question: Procedure<Params, Result>, params: NoInfer<Params>, signal?: AbortSignal): Promise<Result | undefined>;
  /** Tells it without passwords. */
  log(level: LogLine['level'], message: string): void;
}

/** For work that nobody asked for and nobody waits for: no window gives a secret for it. */
export const nobody: Audience = { tell: () => undefined, ask: async () => undefined, log: () => undefined };
