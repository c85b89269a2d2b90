import type { Caller } from './access.ts';
import { Refusal, conflict, notFound, refusalOf } from './errors.ts';
import type { Table } from './ledger.ts';
import { mergeProperties } from './metadata.ts';
import { folderType, shortcutType, type FileMetadata, type Revision, type StoredFile } from './model.ts';
import type { Services } from './services.ts';

export interface MakeFile {
  readonly caller: Caller;
  readonly metadata: FileMetadata;
  readonly isSharedDriveAware: boolean;
  /** Undefined for what has no bytes: folders and shortcuts. */
  readonly revision: Revision | undefined;
  readonly mimeType: string;
}

/** Everything that can be said against a new file before its bytes are there. Returns its parent. */
export function requireCreatable(
  services: Services,
  { caller, metadata, isSharedDriveAware }: Pick<MakeFile, 'caller' | 'metadata' | 'isSharedDriveAware'>,
  options: { readonly sizeBytes: number; readonly checksId: boolean },
): StoredFile {
  const { access, allowance } = services;
  const parents = metadata.parents ?? [];
  if (parents.length > 1)
    throw new Refusal({ status: 403, reason: 'cannotAddParent', message: 'Increasing the number of parents is not allowed' });
  const parent = access.parent(caller, parents[0] ?? 'root', isSharedDriveAware);
  if (parent.mimeType !== folderType)
    throw new Refusal({ status: 403, reason: 'parentNotAFolder', message: 'The specified parent is not a folder.' });
  requireRoom(services, parent);
  if (metadata.id !== undefined && options.checksId) requireReserved(services, caller, metadata.id);
  if (options.sizeBytes > 0) {
    allowance.requireVolume(caller.account);
    requireSpace(services, caller.account, parent, options.sizeBytes);
  }
  return parent;
}

/** The file is there at once, whole. */
export function makeFile(services: Services, options: MakeFile): StoredFile {
  const { store, allowance } = services;
  const { caller, metadata, revision, mimeType } = options;
  const sizeBytes = revision?.sizeBytes ?? 0;
  const parent = requireCreatable(services, options, { sizeBytes, checksId: true });
  allowance.countCreate(caller.account);
  allowance.countVolume(caller.account, sizeBytes);
  const id = metadata.id ?? store.ids.file();
  reservations(services).set(id, { account: caller.account, isUsed: true });
  const appProperties = mergeProperties({}, metadata.appProperties);
  return store.add({
    id,
    name: metadata.name ?? 'Untitled',
    mimeType,
    parent: parent.id,
    owner: parent.driveId === undefined ? caller.account : undefined,
    driveId: parent.driveId,
    client: caller.client,
    project: caller.project,
    revisions: revision === undefined ? [] : [revision],
    ...(metadata.createdTime === undefined ? {} : { createdMs: Date.parse(metadata.createdTime) }),
    ...(metadata.modifiedTime === undefined ? {} : { modifiedMs: Date.parse(metadata.modifiedTime) }),
    starred: metadata.starred ?? false,
    description: metadata.description,
    properties: mergeProperties({}, metadata.properties),
    appProperties: Object.keys(appProperties).length === 0 ? {} : { [caller.client]: appProperties },
    shortcutTarget: mimeType === shortcutType ? metadata.shortcutDetails?.targetId : undefined,
  });
}

/** The owner's space, the trash included; a shared drive has the organisation's. */
export function requireSpace(
  { accounts, serviceAccounts, store }: Services,
  account: string,
  parent: Pick<StoredFile, 'driveId'>,
  sizeBytes: number,
): void {
  if (parent.driveId !== undefined) return;
  if (serviceAccounts.has(account)) {
    throw refusalOf('storageQuotaExceeded', {
      message:
        'Service Accounts do not have storage quota. Leverage shared drives (https://developers.google.com/workspace/drive/api/guides/about-shareddrives), or use OAuth delegation (http://support.google.com/a/answer/7281227) instead.',
    });
  }
  const { limitBytes, usedBytes } = spaceOf({ accounts, store }, account);
  if (limitBytes != null && usedBytes + sizeBytes > limitBytes) throw refusalOf('storageQuotaExceeded');
}

/** Of the account, or of the whole organisation where its accounts share one. */
export function spaceOf(
  { accounts, store }: Pick<Services, 'accounts' | 'store'>,
  account: string,
): { readonly limitBytes: number | null | undefined; readonly usedBytes: number } {
  const { limitBytes, pool } = accounts.get(account) ?? {};
  const sharers = pool === undefined ? [account] : [...accounts.values()].filter((other) => other.pool === pool).map(({ email }) => email);
  return { limitBytes, usedBytes: sharers.reduce((sum, email) => sum + store.usedBytes(email), 0) };
}

/** An id counts once: also after its file was deleted it is taken. */
export function requireReserved(services: Services, caller: Caller, id: string): void {
  const reservation = reservations(services).get(id);
  if (services.store.get(id) !== undefined || reservation?.isUsed === true) throw conflict();
  if (reservation?.account !== caller.account)
    throw new Refusal({
      status: 400,
      reason: 'invalid',
      message: 'The provided file ID is not usable.',
      location: 'file.id',
      locationType: 'parameter',
    });
}

export function reservations({ ledger }: Services): Table<{ readonly account: string; readonly isUsed: boolean }> {
  return ledger.table('reservations');
}

/** @throws 403 when a folder is full or too deep, or a shared drive is */
export function requireRoom({ store, limits }: Services, parent: StoredFile): void {
  if (store.get(parent.id) === undefined) throw notFound(parent.id);
  const isShared = parent.driveId !== undefined;
  if (parent.parent !== undefined && store.childCount(parent.id) >= limits.childrenPerFolder)
    throw refusalOf('numChildrenInNonRootLimitExceeded');
  if (store.depthOf(parent) >= limits.folderDepth)
    throw refusalOf(isShared ? 'teamDriveHierarchyTooDeep' : 'myDriveHierarchyDepthLimitExceeded');
  if (isShared && store.itemsOfDrive(parent.driveId) >= limits.sharedDriveItems) throw refusalOf('teamDriveFileLimitExceeded');
}
