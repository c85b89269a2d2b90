import type { Peer } from './handshake.ts';
import { compareVersions } from './versions.ts';
import type { HostPlace } from './visit-host.ts';
import { system } from '../platform/index.ts';

/** A service that serves clients of a newer version; whoever installed it brings it to theirs. */
export interface OlderService {
  readonly version: string;
  /** Of the program that asks. */
  readonly own: string;
  /** What is run for that. */
  readonly command: string;
}

/** Undefined: it is no service, or none that is older. */
export function olderService(
  { isService, version }: Peer,
  { version: own, isOfMachine }: Pick<HostPlace, 'version' | 'isOfMachine'>,
  asks = system.hasModes && process.getuid?.() !== 0,
): OlderService | undefined {
  if (isService === undefined || compareVersions(version, own) >= 0) return undefined;
  const command = isOfMachine ? `${asks ? 'sudo ' : ''}cadangan service install` : 'cadangan service install --user';
  return { version, own, command };
}
