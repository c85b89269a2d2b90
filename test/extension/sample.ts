import type {
  EntryInfo,
  RunResult,
  SeenRepositoryInfo,
  ServerBackups,
  ServerInfo,
  SetInfo,
  SnapshotInfo,
} from '../../src/service/index.ts';
import { byteStringFromText } from '../../src/platform/index.ts';

/** Plain values for tests; what a test is about it says itself. */
export function makeSet(values: Partial<SetInfo> = {}): SetInfo {
  return {
    name: 'accounting',
    title: 'Accounting',
    sources: ['/srv/accounting'],
    location: '/mnt/backup',
    state: 'success',
    missedWindows: [],
    hasUnattendedPassword: false,
    ...values,
  };
}

export function makeRun(values: Partial<RunResult> = {}): RunResult {
  return {
    job: 'backup',
    set: 'accounting',
    outcome: 'success',
    startedAt: '2026-11-22T14:00:00Z',
    endedAt: '2026-11-22T14:12:05Z',
    exceptions: [],
    exceptionCount: 0,
    files: 1234,
    bytes: 5 * 2 ** 30,
    bytesAdded: 3 * 2 ** 20,
    ...values,
  };
}

export function makeSnapshot(values: Partial<SnapshotInfo> = {}): SnapshotInfo {
  return {
    id: 'a'.repeat(64),
    time: '2026-11-22T14:00:00Z',
    host: 'srv-01',
    user: 'admin',
    paths: ['/srv/accounting'],
    tags: ['accounting'],
    ...values,
  };
}

export function makeEntry(values: Partial<EntryInfo> = {}): EntryInfo {
  return {
    name: byteStringFromText('ledger.txt'),
    label: 'ledger.txt',
    type: 'file',
    size: 2048,
    mtime: '2026-11-20T03:00:00Z',
    ctime: '2026-11-20T03:00:00Z',
    mode: 0o644,
    user: 'admin',
    ...values,
  };
}

export function instant(time: string): bigint {
  return BigInt(Date.parse(time)) * 1_000_000n;
}

export function makeBackups(values: Partial<ServerBackups> = {}): ServerBackups {
  return {
    location: '/mnt/backup',
    set: 'accounting',
    paths: ['/srv/accounting'],
    state: 'in-time',
    newest: { id: 'a'.repeat(64), time: '2026-11-22T14:00:00Z', bytes: 5 * 2 ** 30 },
    snapshots: 30,
    lastGood: '2026-11-22T14:00:00Z',
    ageHours: 4,
    measure: { hours: 26, by: 'configuration' },
    lookedAt: '2026-11-22T18:00:00Z',
    ...values,
  };
}

export function makeServer(values: Partial<ServerInfo> = {}): ServerInfo {
  return { host: 'srv-02', isOwn: false, state: 'in-time', bytes: 5 * 2 ** 30, backups: [makeBackups()], ...values };
}

export function makeSeen(values: Partial<SeenRepositoryInfo> = {}): SeenRepositoryInfo {
  return { location: '/mnt/backup', state: 'seen', lookedAt: '2026-11-22T18:00:00Z', unreadable: 0, notNamed: 0, ...values };
}
