import type { Clock } from '../../src/platform/index.ts';

/** A person with a Google account. */
export interface AccountOptions {
  readonly email: string;
  readonly displayName?: string;
  /** Space in bytes, the trash included. Default 2 TB; `null` is unlimited. */
  readonly limitBytes?: number | null;
  /** The organisation whose accounts share one space: then `limitBytes` is that of all, and `about` tells the numbers of all. */
  readonly pool?: string;
  /** An administrator forbids the program: consent ends with `admin_policy_enforced`. */
  readonly isBlocked?: boolean;
}

/** A program known to Google's console. */
export interface ClientOptions {
  readonly id: string;
  readonly secret: string;
  readonly kind: 'desktop' | 'device';
  /** Clients of one project share the grants that a revocation ends, and its quota. */
  readonly project?: string;
  /** `testing`: refresh tokens live 7 days. `internal`: only addresses of `domain` get in. */
  readonly publishing?: 'production' | 'testing' | 'internal';
  readonly domain?: string;
}

/** An account of a program. It has no space of its own: it can make folders, but no bytes outside of shared drives. */
export interface ServiceAccountOptions {
  readonly email: string;
  /** PEM, to check the signature of what it sends. */
  readonly publicKey: string;
  readonly project?: string;
  /** Whom it may act for (domain-wide delegation). */
  readonly delegates?: readonly string[];
}

export type DriveRole = 'organizer' | 'fileOrganizer' | 'writer' | 'reader';

export interface SharedDriveOptions {
  readonly id: string;
  readonly name: string;
  readonly members: Readonly<Record<string, DriveRole>>;
}

/** What the service refuses beyond. The defaults are Google's figures of November 2026; tests scale them down. */
export interface Limits {
  readonly childrenPerFolder: number;
  readonly folderDepth: number;
  readonly sharedDriveItems: number;
  /** Uploaded or copied per user in 24 hours. */
  readonly dailyUploadBytes: number;
  readonly unitsPerMinutePerUser: number;
  readonly unitsPerMinutePerProject: number;
  /** Files made per second and user, over 10 s; people report 403s from 2 to 3 on. Default: no limit. */
  readonly createsPerSecond: number;
  readonly liveRefreshTokens: number;
}

/** How late the service's own lists learn of things, in milliseconds. 0 is not promised by Google, but what `files.get` shows. */
export interface Lags {
  /** Searches by name. */
  readonly nameMs: number;
  /** Lists by parent, and flat ones. */
  readonly parentMs: number;
  readonly changesMs: number;
  /** Checksums after the last byte. */
  readonly checksumMs: number;
}

/** How long answers take. */
export interface Latency {
  readonly metadataMs: number;
  /** First byte of a download, and the answer to an upload. */
  readonly mediaMs: number;
  /** 0 to 1: how much of it varies. */
  readonly jitter: number;
}

export interface EmulatorOptions {
  /** Where files, tokens and sessions stay over a restart. Without it everything lies in memory. */
  readonly folder?: string;
  readonly port?: number;
  /** Decides ids, order of lists, random faults and jitter. Default 1. */
  readonly seed?: number;
  readonly clock?: Clock;
  readonly accounts?: readonly AccountOptions[];
  readonly clients?: readonly ClientOptions[];
  readonly serviceAccounts?: readonly ServiceAccountOptions[];
  readonly sharedDrives?: readonly SharedDriveOptions[];
  readonly limits?: Partial<Limits>;
  readonly lags?: Partial<Lags>;
  readonly latency?: Partial<Latency>;
  readonly accessTokenSeconds?: number;
  /** Entries of the log that are kept. Default: all. */
  readonly logLength?: number;
  /** Whether clients of one project see each other's files under `drive.file`. Google does not say; the strict answer is the default. */
  readonly projectSharesFiles?: boolean;
  /** When a used id is refused: Google does not say. Default: at the opening. */
  readonly conflictAt?: 'opening' | 'end';
}

export const sampleAccount = 'backup@company.co.id';
export const otherAccount = 'someone@company.co.id';

/** Google's form of ids, with names that say what they are for. */
export const sampleClient: ClientOptions = {
  id: '104729-cadangan.apps.googleusercontent.com',
  secret: 'GOCSPX-emulator-desktop',
  kind: 'desktop',
  project: 'company-backup',
};
export const sampleDeviceClient: ClientOptions = {
  id: '104729-device.apps.googleusercontent.com',
  secret: 'GOCSPX-emulator-device',
  kind: 'device',
  project: 'company-backup',
};

export const defaultLimits: Limits = {
  childrenPerFolder: 500_000,
  folderDepth: 100,
  sharedDriveItems: 500_000,
  dailyUploadBytes: 750e9,
  unitsPerMinutePerUser: 325_000,
  unitsPerMinutePerProject: 1_000_000,
  createsPerSecond: Infinity,
  liveRefreshTokens: 100,
};

export const defaultLags: Lags = { nameMs: 0, parentMs: 0, changesMs: 0, checksumMs: 0 };
export const defaultLatency: Latency = { metadataMs: 0, mediaMs: 0, jitter: 0 };

/** As measured by others on the real service: nobody should design for loopback. */
export const honestLatency: Latency = { metadataMs: 300, mediaMs: 1_200, jitter: 0.3 };
