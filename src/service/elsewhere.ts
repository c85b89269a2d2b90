import type { Audience } from './audience.ts';
import type { Call } from './call.ts';
import type { PasswordWish } from './passwords.ts';
import type { Procedure } from './procedure.ts';
import type { RunDesk } from './run-desk.ts';

/** For whom something is done elsewhere; without a client for the service itself. */
export interface ElsewhereCall extends Pick<PasswordWish, 'mayAsk' | 'signal'> {
  readonly client?: Audience | undefined;
  readonly via?: Call['via'] | undefined;
  readonly user?: Call['user'];
  readonly onProgress?: Call['onProgress'] | undefined;
  readonly onException?: BackupWish['onException'] | undefined;
  readonly onCommandLine?: BackupWish['onCommandLine'] | undefined;
}

type BackupWish = Parameters<RunDesk['backup']>[1];

/**
 * Processes that each work on one repository for the service, so that a mount that hangs, a crash or a large index takes one of them along,
 * and not the schedule, the records and every window. They live on when the service's own process dies.
 */
export interface Elsewhere {
  /** Otherwise the service works itself, and only looks whether such a process lives already. */
  readonly forks: boolean;
  /** A run goes on there that was asked for here. */
  readonly isBusy: boolean;
  /** @throws what the process answered; `host.lost` when it went meanwhile, `host.unreachable` when it cannot be talked to, `aborted` */
  request<Params, Result>(
    location: string,
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    call: ElsewhereCall,
  ): Promise<Result>;
  /** As `request`, where such a process lives. @returns undefined where none does */
  requestLiving<Params, Result>(
    location: string,
    procedure: Procedure<Params, Result>,
    params: NoInfer<Params>,
    call: ElsewhereCall,
  ): Promise<Result | undefined>;
  /** Asks it of all who are connected, and starts none for it. Resolves within a minute or so, and never rejects. */
  askAll(procedure: Procedure<void, void>, signal: AbortSignal): Promise<void>;
  /** Stops every run at its next safe point, waits for their results, and lets go of the processes, which end then. */
  close(): Promise<void>;
}
