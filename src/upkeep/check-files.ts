import { hash } from 'node:crypto';
import pMap from 'p-map';
import { CadanganError, throwIfAborted, type ByteString } from '../platform/index.ts';
import {
  loadSnapshot,
  parseKeyFile,
  parseSnapshotId,
  readFaultOf,
  readNamed,
  type PackId,
  type ReadFault,
  type StoredSnapshot,
} from '../repository/index.ts';
import type { CheckContext } from './check-context.ts';
import type { FaultKind } from './check-result.ts';
import { enterIndexFile } from './enter-index-file.ts';

const filesReadAtOnce = 4;

/** Every key file: its name against its bytes, and its form. Whether its password is known to anybody cannot be told. */
export async function checkKeys({ repository: { storage }, log, signal }: CheckContext): Promise<number> {
  const files = await storage.list('keys', signal);
  for (const { name } of files) {
    const file = { kind: 'keys', name } as const;
    try {
      const bytes = await readNamed(storage, file, signal);
      if (hash('sha256', bytes, 'hex') !== name) throw new CadanganError('repository.damaged', { reason: 'hash' });
      parseKeyFile(bytes);
    } catch (error) {
      const fault = await readFaultOf(error, storage, signal);
      // A key that was removed since the listing is nobody's loss.
      if (fault.kind !== 'missing') log.add(faultKindOf(fault, 'key-damaged'), fault.reason, { file });
    }
  }
  return files.length;
}

/** Every snapshot that can be read, oldest first. */
export async function checkSnapshots({ repository, log, signal }: CheckContext): Promise<StoredSnapshot[]> {
  const { storage } = repository;
  const readable: StoredSnapshot[] = [];
  const readOne = async ({ name }: { readonly name: string }) => {
    throwIfAborted(signal);
    try {
      readable.push(await loadSnapshot(repository, parseSnapshotId(name), signal));
    } catch (error) {
      const fault = await readFaultOf(error, storage, signal);
      if (fault.kind === 'missing') return; // forgotten meanwhile
      const open = log.add(faultKindOf(fault, 'snapshot-damaged'), fault.reason, { file: { kind: 'snapshots', name } });
      open.affects.push({ snapshotId: parseSnapshotId(name), time: undefined, path: rootPath });
      open.affectsCount = 1;
    }
  };
  await pMap(await storage.list('snapshots', signal), readOne, { concurrency: filesReadAtOnce });
  return readable.sort((a, b) => (a.timeNs === b.timeNs ? (a.id < b.id ? -1 : 1) : a.timeNs < b.timeNs ? -1 : 1));
}

/**
 * Reads every index file that can be read into the repository's index, which other than `Repository.loadIndex` does not stop at a
 * damaged one: what only that one names is found to be missing later.
 */
export async function checkIndexFiles(context: CheckContext): Promise<number> {
  const { repository, log, signal } = context;
  const { storage } = repository;
  const files = await storage.list('index', signal);
  const packsSeen = new Set<PackId>();
  const readOne = async ({ name }: { readonly name: string }) => {
    throwIfAborted(signal);
    try {
      const { packs, waiting, impossible } = enterIndexFile(repository.index, await repository.loadUnpacked('index', name, signal));
      for (const { id } of waiting) context.waiting.add(id);
      for (const reason of [...impossible.values()].flat()) log.add('index-inconsistent', reason, { file: { kind: 'index', name } });
      for (const id of packs) {
        if (packsSeen.has(id)) log.hint('pack-in-several-indexes', id);
        packsSeen.add(id);
      }
    } catch (error) {
      const fault = await readFaultOf(error, storage, signal);
      if (fault.kind === 'missing') return; // replaced meanwhile by one that the listing may not have
      log.add(faultKindOf(fault, 'index-damaged'), fault.reason, { file: { kind: 'index', name } });
    }
  };
  await pMap(files, readOne, { concurrency: filesReadAtOnce });
  return files.length;
}

const rootPath = '/' as ByteString;

/** The kind of fault, given what damage of this file is called. */
function faultKindOf(fault: ReadFault, damagedKind: FaultKind): FaultKind {
  return fault.kind === 'unreadable' ? 'unreadable' : damagedKind;
}
