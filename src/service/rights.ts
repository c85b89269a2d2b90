import { CadanganError, isCode } from '../platform/index.ts';
import type { Call } from './call.ts';
import type { Procedure } from './procedure.ts';
import { startBackup, stopRun } from './protocol.ts';

/*
 * Who is of the group of a machine's service sees status and records, starts configured sets, and stops what he has begun: nothing that
 * names a path, a command, a destination or a secret. What each procedure lets him do stands beside its declaration (`members`); here is
 * what that means. Administrators, who know the key in the state folder, may everything, and are not asked.
 */

/** Refused again within this time, it is in the log alone: a row of refusals is one record. */
const recordedEveryMs = 3_600_000;

/** @param params as declared. @throws `rights.denied` when one of the group may not */
export function assertAllowed<Params>(
  { runs }: { readonly runs: { readonly askedBy: (set: string) => string | undefined } },
  { name, members }: Procedure<Params, unknown>,
  params: unknown,
  { user }: Pick<Call, 'user'>,
): void {
  switch (members) {
    case 'see':
    case 'read-snapshots': // of which sets, `readers.ts` looks
      return;
    case 'start':
      if (isAsConfigured(params)) return;
      break;
    case 'stop-own':
      if (user !== undefined && runs.askedBy(stopRun.params.parse(params).set) === user) return;
      break;
    case undefined:
      break;
  }
  throw denied(name);
}

export function denied(procedure: string): CadanganError {
  return new CadanganError('rights.denied', { procedure });
}

/** A password of one of the group would be tried for everybody, and a lock ignored on everybody's behalf. */
function isAsConfigured(params: unknown): boolean {
  const { options = {}, hasPassword } = startBackup.params.parse(params);
  return hasPassword !== true && Object.values(options).every((value) => value === undefined || value === false);
}

export interface RefusalsOptions {
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
  /** Never rejects. */
  readonly record: (refused: { readonly procedure: string; readonly user: string; readonly via: Call['via'] }) => Promise<unknown>;
}

/** What was refused to whom, told where it matters. */
export class Refusals {
  readonly #options: RefusalsOptions;
  readonly #recordedMs = new Map<string, number>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** @param error of what one of the group asked for; others are none of ours */
  async note(error: unknown, { name, kind, members }: Procedure<unknown, unknown>, { user = '?', via }: Call): Promise<void> {
    if (!isCode(error, 'rights.denied')) return;
    const { nowMs, log, record } = this.#options;
    log(`${name} is refused to ${user}`);
    // Who only looks and may not, has changed nothing, and learnt nothing; who reaches for the content of snapshots, or acts, is recorded.
    if (kind === 'read' && members !== 'read-snapshots') return;
    const key = JSON.stringify([name, user]);
    if (nowMs() - (this.#recordedMs.get(key) ?? -Infinity) < recordedEveryMs) return;
    this.#recordedMs.set(key, nowMs());
    await record({ procedure: name, user, via });
  }
}
