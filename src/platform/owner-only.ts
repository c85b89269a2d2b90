import { realpath, stat } from 'node:fs/promises';
import { makeFolder, makeFolderNow } from './make-folder.ts';
import {
  accessEntries,
  controlFlags,
  nativeWindowsFiles,
  parseSecurityDescriptor,
  sidText,
  type SecurityDescriptor,
  type WindowsFiles,
} from './native/index.ts';
import type { ByteString } from './byte-string.ts';
import { byteStringFromRaw, systemPath } from './raw-text.ts';
import { system } from './system.ts';

/*
 * What is for its owner alone: mode 0600, or 0700 of a folder. On Windows a list of rights that is not inherited, and names the user, the
 * system and the administrators, who are there what root is elsewhere.
 */

/** How others than its owner may read or change a file. */
export type Exposure =
  /** As `chmod` writes it. */
  | { readonly mode: string }
  /** Accounts of Windows, by name where all machines have them. */
  | { readonly readers: string };

/**
 * Makes a folder for the owner only, and those above it that are missing. One that is there stays as it is.
 * @param path as `rawTextOf` has it. @throws the system's error
 */
export async function makeOwnFolder(path: string): Promise<void> {
  await makeFolder(path, 0o700, keepForOwner);
}

/** As `makeOwnFolder`, for who cannot wait. */
export function makeOwnFolderNow(path: string): void {
  makeFolderNow(path, 0o700, keepForOwner);
}

/**
 * Takes a file or folder that we have just made from everybody but its owner, on systems where its mode does not. Where the file system has
 * no such rights (FAT, some shares), or they cannot be set, it stays as it is: `exposureOf` tells before it is used.
 */
export function keepForOwner(path: string): void {
  if (!system.hasModes) nativeWindowsFiles()?.keepForOwner(byteStringFromRaw(path));
}

/**
 * Makes an empty file for its owner only, on systems where the mode that a file is opened with does not: nobody else can have it open when
 * something is written into it. @returns whether there is one now, to be opened as one that is there
 * @throws the system's error, such as EEXIST
 */
export function makeOwnFile(path: string): boolean {
  const files = system.hasModes ? undefined : nativeWindowsFiles();
  files?.makeForOwner(byteStringFromRaw(path));
  return files !== undefined;
}

/** What a file is looked at with; default: as this system has it. */
export interface ExposureRules {
  readonly hasModes: boolean;
  /** The calls of Windows; undefined where the package lacks them. */
  readonly files: Pick<WindowsFiles, 'securityDescriptorOf' | 'userSid'> | undefined;
}

/**
 * @returns undefined when others may not; `unknown` where Windows does not say it: without its calls, on a file system or share that has or
 * tells no rights. @throws the system's error when there is no such file
 */
export async function exposureOf(path: string, rules?: ExposureRules): Promise<Exposure | 'unknown' | undefined> {
  const { mode } = await stat(systemPath(path));
  if (rules?.hasModes ?? system.hasModes) return (mode & 0o077) === 0 ? undefined : { mode: (mode & 0o777).toString(8).padStart(4, '0') };
  const files = rules ? rules.files : nativeWindowsFiles();
  const place = await realpath(systemPath(path));
  const descriptor = files && descriptorOf(files, byteStringFromRaw(place));
  if (!descriptor) return 'unknown';
  const readers = readersBeside(descriptor, files.userSid);
  return readers.length === 0 ? undefined : { readers: readers.join(', ') };
}

/** Who may read a file need not be allowed to see who else may. */
function descriptorOf(files: Pick<WindowsFiles, 'securityDescriptorOf'>, path: ByteString): SecurityDescriptor | undefined {
  try {
    const bytes = files.securityDescriptorOf(path);
    return bytes && parseSecurityDescriptor(bytes);
  } catch {
    return undefined;
  }
}

const everybody = 'S-1-1-0';
/** Microsoft, "Well-known SIDs": the system, administrators, whoever owns the file. */
const trusted: ReadonlySet<string> = new Set(['S-1-5-18', 'S-1-5-32-544', 'S-1-3-4']);
const names: Readonly<Record<string, string>> = {
  [everybody]: 'Everyone',
  'S-1-5-7': 'Anonymous',
  'S-1-5-11': 'Authenticated Users',
  'S-1-5-32-545': 'Users',
  'S-1-5-32-546': 'Guests',
};

/** Each right of FILE_READ_DATA, FILE_WRITE_DATA, FILE_APPEND_DATA, WRITE_DAC, WRITE_OWNER, GENERIC_ALL, GENERIC_WRITE, GENERIC_READ. */
const readOrChange = 0x1 | 0x2 | 0x4 | 0x40000 | 0x80000 | 0x10000000 | 0x40000000 | 0x80000000;

/**
 * Who else than the owner, `user`, the system and administrators is allowed to read or change it. What is denied again is not counted off:
 * such lists are rare, and whoever they let in by mistake would be missed.
 */
export function readersBeside({ control, owner, dacl }: SecurityDescriptor, user: Uint8Array | undefined): string[] {
  // No list at all, or none that is one: everybody may do everything.
  if (!dacl || (control & controlFlags.daclPresent) === 0) return [nameOf(everybody)];
  const own = new Set([owner, user].flatMap((sid) => (sid ? [sidText(sid)] : [])));
  const readers = accessEntries(dacl).filter(
    ({ isAllowed, isForChildrenOnly, mask }) => isAllowed && !isForChildrenOnly && (mask & readOrChange) !== 0,
  );
  const sids = new Set(readers.map(({ sid }) => sidText(sid)));
  return [...sids].filter((sid) => !own.has(sid) && !trusted.has(sid)).map(nameOf);
}

function nameOf(sid: string): string {
  return names[sid] ?? sid;
}
