import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../src/platform/index.ts';
import type { SeededRandom } from '../fakes/seeded-random.ts';
import type { Access, Caller } from './access.ts';
import type { Allowance } from './allowance.ts';
import type { Contents } from './contents.ts';
import type { Digests } from './digests.ts';
import type { Fault, FaultName, FaultOf } from './fault.ts';
import type { Grants } from './grants.ts';
import type { Ids } from './ids.ts';
import type { Ledger } from './ledger.ts';
import type { LogEntry } from './log.ts';
import type { AccountOptions, ClientOptions, Lags, Latency, Limits, ServiceAccountOptions, SharedDriveOptions } from './options.ts';
import type { Store } from './store.ts';
import type { Turns } from './turns.ts';

/** What handlers work with. */
export interface Services {
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly ids: Ids;
  readonly ledger: Ledger;
  readonly contents: Contents;
  readonly digests: Digests;
  /** Who works on which upload. */
  readonly turns: Turns;
  readonly store: Store;
  readonly access: Access;
  readonly grants: Grants;
  readonly allowance: Allowance;
  readonly accounts: Map<string, AccountOptions>;
  readonly clients: ReadonlyMap<string, ClientOptions>;
  readonly serviceAccounts: ReadonlyMap<string, ServiceAccountOptions>;
  readonly sharedDrives: readonly SharedDriveOptions[];
  /** These may change while it runs. */
  readonly limits: Limits;
  readonly lags: Lags;
  readonly latency: Latency;
  readonly accessTokenSeconds: number;
  readonly conflictAt: 'opening' | 'end';
}

/** One request. */
export interface Call {
  readonly request: IncomingMessage;
  readonly url: URL;
  /** Scheme and host by which the caller came, without a slash at the end. */
  readonly baseUrl: string;
  /** Parts of the path that vary. */
  readonly id: string;
  readonly secondId: string;
  /** For everything but sign-in and sessions. */
  readonly caller: Caller | undefined;
  /** A JSON or form body, read already; undefined where the body is a file's. */
  readonly body: unknown;
  readonly fault: Fault | undefined;
  readonly entry: LogEntry;
}

export function faultOf<N extends FaultName>(call: Call, name: N): FaultOf<N> | undefined {
  return call.fault?.fault === name ? (call.fault as FaultOf<N>) : undefined;
}

export function callerOf(call: Call): Caller {
  if (call.caller === undefined) throw new Error(`${call.entry.operation} needs a caller`);
  return call.caller;
}

export function formOf(call: Call): URLSearchParams {
  return call.body instanceof URLSearchParams ? call.body : new URLSearchParams();
}

export function scopesIn(text: string | null | undefined): readonly string[] {
  return (text ?? '').split(' ').filter((scope) => scope !== '');
}

/** Without it, what lies in shared drives does not exist. */
export function isSharedDriveAware(call: Call): boolean {
  return call.url.searchParams.get('supportsAllDrives') === 'true' || call.url.searchParams.get('supportsTeamDrives') === 'true';
}

/** A number that a parameter gives, cut to the maximum. */
export function countOf(call: Call, name: string, usual: number, max: number): number {
  const text = call.url.searchParams.get(name);
  const value = text === null ? usual : Number(text);
  return Number.isInteger(value) && value >= 1 ? Math.min(value, max) : usual;
}
