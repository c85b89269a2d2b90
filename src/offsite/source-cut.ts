import { createHash } from 'node:crypto';
import { CadanganError, isCode, throwIfAborted } from '../platform/index.ts';
import type { ListedFile, Storage } from '../storage/index.ts';
import type { SourceFile } from './copy-listing.ts';

/** The original at one moment. */
export interface SourceCut {
  readonly files: readonly SourceFile[];
  /** The config has no hash for a name: this is its SHA-256, hex. */
  readonly configSha256: string;
  /** Likewise its MD5, for files of which Drive has no SHA-256. */
  readonly configMd5: string;
  /**
   * The names belong together: every pack that a listed index names was there, and every index that a listed snapshot needs. False while
   * somebody keeps changing snapshots and indexes; then only what can do no harm may be copied.
   */
  readonly isConsistent: boolean;
}

const attemptsMax = 5;
/** A config has about 150 bytes. */
const configBytesMax = 1 << 20;

/**
 * Lists the original while others may be writing to it.
 *
 * Who adds, writes packs, then the index that names them, then the snapshot. So snapshots are listed first, then indexes, then packs:
 * whatever a listed file needs was written before it, and is in a list that is made after it. Who removes (prune) writes new indexes,
 * removes the old ones, and only then packs; so a pack of a listed index can only be missing when that index itself is gone by now.
 * Therefore indexes and snapshots are listed once more at the end: when both are as they were at the beginning, the names belong together.
 * A folder is not read in one instant either, and a new name may be missed while an old one goes; that too shows as a difference.
 *
 * Temporary files of writers (`NAME-tmp-…`) have no names of repository files, so storages leave them out.
 * @throws `offsite.source-doubtful` when this is no repository at all; the storage's errors, when it cannot be told
 */
export async function readSourceCut(storage: Storage, signal: AbortSignal): Promise<SourceCut> {
  const config = await readConfig(storage, signal);
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    const before = await listChangeable(storage, signal);
    const data = await storage.list('data', signal);
    const keys = await storage.list('keys', signal);
    const after = await listChangeable(storage, signal);
    const isConsistent = before.fingerprint === after.fingerprint;
    if (!isConsistent && attempt < attemptsMax) continue;
    if (keys.length === 0) throw doubtful(storage, 'it has no keys');
    const files = [
      ...sourceFiles('keys', keys),
      { kind: 'config' as const, name: '', sizeBytes: config.length },
      ...sourceFiles('data', data),
      ...sourceFiles('index', before.index),
      ...sourceFiles('snapshots', before.snapshots),
    ];
    const hash = (algorithm: 'sha256' | 'md5'): string => createHash(algorithm).update(config).digest('hex');
    return { files, configSha256: hash('sha256'), configMd5: hash('md5'), isConsistent };
  }
}

async function readConfig(storage: Storage, signal: AbortSignal): Promise<Uint8Array> {
  try {
    const file = { kind: 'config', name: '' } as const;
    const sizeBytes = await storage.sizeOf(file, signal);
    if (sizeBytes === undefined) throw doubtful(storage, 'it has no config');
    if (sizeBytes === 0 || sizeBytes > configBytesMax) throw doubtful(storage, 'its config has an impossible size');
    return await storage.read(file, signal);
  } catch (error) {
    if (isCode(error, 'storage.not-found')) throw doubtful(storage, 'it has no config', error);
    throw error;
  }
}

async function listChangeable(
  storage: Storage,
  signal: AbortSignal,
): Promise<{ readonly snapshots: readonly ListedFile[]; readonly index: readonly ListedFile[]; readonly fingerprint: string }> {
  const snapshots = await storage.list('snapshots', signal);
  const index = await storage.list('index', signal);
  return {
    snapshots,
    index,
    fingerprint: [...snapshots, ...index]
      .map(({ name }) => name)
      .sort()
      .join(),
  };
}

function sourceFiles(kind: 'keys' | 'data' | 'index' | 'snapshots', files: readonly ListedFile[]): SourceFile[] {
  // An empty file is a write that somebody's power failure cut short: no repository file is empty.
  return files.filter(({ sizeBytes }) => sizeBytes > 0).map(({ name, sizeBytes }) => ({ kind, name, sizeBytes }));
}

function doubtful(storage: Storage, reason: string, cause?: unknown): CadanganError {
  return new CadanganError('offsite.source-doubtful', { location: storage.location, reason }, cause === undefined ? {} : { cause });
}
