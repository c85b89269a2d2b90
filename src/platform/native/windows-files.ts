import { win32 } from 'node:path';
import { loadKoffi, type Koffi, type NativeFunction, type NativeOut, type NativeValue } from './koffi.ts';
import {
  controlFlags,
  entryCount,
  ownerOnlyDescriptor,
  parseSecurityDescriptor,
  sidAt,
  type SecurityDescriptor,
} from './security-descriptor.ts';
import { textOf, type ByteString } from '../byte-string.ts';
import { system } from '../system.ts';

/** What a file or folder of Windows has beside its content. */
export interface WindowsAttributes {
  /** When it was made, in steps of 100 ns since the beginning of 1601 UTC (FILETIME). */
  readonly creationTime?: bigint;
  /** Bits, see `fileAttributes`. */
  readonly fileAttributes?: number;
  /** Owner, group and access lists, in the self-relative form. */
  readonly securityDescriptor?: Uint8Array;
}

export interface WindowsFileTimes {
  readonly attributes: number;
  /** In steps of 100 ns since the beginning of 1601 UTC. */
  readonly creationTime: bigint;
  readonly lastWriteTime: bigint;
}

/** What could not be set. `code` is that of the system, like those of Node. */
export interface WindowsAttributeProblem {
  readonly what: 'creation-time' | 'file-attributes' | 'security-descriptor' | 'owner' | 'audit-rules';
  readonly code: string;
}

/** Microsoft, "File Attribute Constants". */
export const fileAttributes = {
  readOnly: 0x1,
  hidden: 0x2,
  system: 0x4,
  directory: 0x10,
  archive: 0x20,
  normal: 0x80,
  temporary: 0x100,
  sparseFile: 0x200,
  reparsePoint: 0x400,
  compressed: 0x800,
  offline: 0x1000,
  notContentIndexed: 0x2000,
  encrypted: 0x4000,
  recallOnOpen: 0x40000,
  recallOnDataAccess: 0x400000,
} as const;

/** What `SetFileAttributesW` takes; the others say what a file is, or need calls of their own. */
const settableAttributes =
  fileAttributes.readOnly |
  fileAttributes.hidden |
  fileAttributes.system |
  fileAttributes.archive |
  fileAttributes.temporary |
  fileAttributes.offline |
  fileAttributes.notContentIndexed;

/** How a file lies on the disk: each is set by a call of its own. */
const formAttributes = fileAttributes.sparseFile | fileAttributes.compressed | fileAttributes.encrypted;
// Control codes of Microsoft's "Volume Management": FSCTL_SET_SPARSE, and FSCTL_SET_COMPRESSION with COMPRESSION_FORMAT_DEFAULT.
const setSparse = 0x900c4;
const setCompression = 0x9c040;

/** Microsoft, "SECURITY_INFORMATION". */
const info = {
  owner: 0x1,
  group: 0x2,
  dacl: 0x4,
  sacl: 0x8,
  label: 0x10,
  attribute: 0x20,
  scope: 0x40,
  backup: 0x10000,
  unprotectedSacl: 0x10000000,
  unprotectedDacl: 0x20000000,
  protectedSacl: 0x40000000,
  protectedDacl: 0x80000000,
} as const;

/** The parts that restic asks for, so that both get the same bytes: with the right to back up, and without. */
const allParts = bits(...Object.values(info));
const partsWithoutPrivilege = bits(
  info.owner,
  info.group,
  info.dacl,
  info.label,
  info.attribute,
  info.scope,
  info.protectedDacl,
  info.unprotectedDacl,
);

const errorCodes: Readonly<Record<number, string>> = {
  2: 'ENOENT',
  3: 'ENOENT',
  5: 'EACCES',
  32: 'EBUSY',
  33: 'EBUSY',
  1307: 'EPERM',
  80: 'EEXIST',
  112: 'ENOSPC',
  183: 'EEXIST',
  1314: 'EPERM',
};
const accessDenied = 5;
const sharingViolation = 32;
const notSupported = 50;
const invalidOwner = 1307;
const privilegeNotHeld = 1314;

const fileObject = 1; // SE_OBJECT_TYPE
const basicInfo = 0; // GET_FILEEX_INFO_LEVELS
const basicInfoBytes = 36;
const writeAttributes = 0x100;
const deleteAccess = 0x10000; // DELETE of "Standard Access Rights"
const readAndWrite = 0xc0000000;
const shareAll = 7;
const shareNothing = 0;
const createNew = 1;
const openExisting = 3;
const backupSemantics = 0x02000000; // a folder can only be opened with it
const openReparsePoint = 0x00200000; // a link itself
const invalidHandle = -1;

/** Microsoft, "Privilege Constants": to read, and to set, what the access list of a file does not allow. */
const privileges = ['SeBackupPrivilege', 'SeRestorePrivilege', 'SeSecurityPrivilege', 'SeTakeOwnershipPrivilege'];

/** Attributes, creation times and security descriptors: the calls of Windows that Node does not have. Paths may be of any length. */
export class WindowsFiles {
  readonly #call: Calls;
  /** Of the user that this process runs as; undefined when the system does not say it. */
  readonly userSid: Uint8Array | undefined;
  /** Volumes and shares where not all parts of a security descriptor may be read and set: there only the others are asked for. */
  readonly #withoutPrivilege = new Set<string>();

  constructor(koffi: Koffi) {
    this.#call = bindCalls(koffi);
    this.userSid = withToken(this.#call, (token) => {
      enablePrivileges(this.#call, token);
      return userSidOf(this.#call, token);
    });
  }

  /** Of a link the link's own. @throws an error with the system's code */
  timesOf(path: ByteString): WindowsFileTimes {
    const bytes = Buffer.alloc(basicInfoBytes);
    if (this.#call.getFileAttributes(longPath(path), basicInfo, bytes) !== true) throw this.#lastError('GetFileAttributesExW', path);
    // WIN32_FILE_ATTRIBUTE_DATA: attributes, then the times of creation, access and writing.
    return { attributes: bytes.readUInt32LE(0), creationTime: bytes.readBigUInt64LE(4), lastWriteTime: bytes.readBigUInt64LE(20) };
  }

  /** @returns undefined where the file system has none. @throws an error with the system's code */
  securityDescriptorOf(path: ByteString): Uint8Array | undefined {
    const descriptor: NativeOut = [null];
    const ask = (parts: number) => numberOf(this.#call.getSecurity(longPath(path), fileObject, parts, null, null, null, null, descriptor));
    const code = this.#withFewerRights(path, ask, allParts, partsWithoutPrivilege);
    if (code === notSupported) return undefined;
    if (code !== 0) throw systemError('GetNamedSecurityInfoW', code, path);
    const [address] = descriptor;
    if (address === null || address === undefined) return undefined;
    try {
      const bytes = Buffer.alloc(numberOf(this.#call.securityLength(address)));
      this.#call.copyMemory(bytes, address, bytes.length);
      return bytes;
    } finally {
      this.#call.localFree(address);
    }
  }

  /** Sets what is given, as far as the rights of this process go. Of a link the link's own. @returns what could not be set */
  set(path: ByteString, attributes: WindowsAttributes): WindowsAttributeProblem[] {
    const { creationTime, fileAttributes: flags, securityDescriptor } = attributes;
    const problems: WindowsAttributeProblem[] = [];
    const note = (what: WindowsAttributeProblem['what'], code: number): void => {
      if (code !== 0) problems.push({ what, code: codeOf(code) });
    };
    if (creationTime !== undefined) note('creation-time', this.#setCreationTime(path, creationTime));
    if (securityDescriptor !== undefined) problems.push(...this.#setSecurity(path, securityDescriptor));
    // Last: a file that is read-only refuses the others.
    if (flags !== undefined) note('file-attributes', this.#setFileAttributes(path, flags));
    return problems;
  }

  /** Whether the file has all of it that `set` would set. */
  has(path: ByteString, { creationTime, fileAttributes: bits, securityDescriptor }: WindowsAttributes): boolean {
    try {
      const now = this.timesOf(path);
      if (creationTime !== undefined && now.creationTime !== creationTime) return false;
      if (bits !== undefined && ((now.attributes ^ bits) & (settableAttributes | formAttributes)) !== 0) return false;
      if (securityDescriptor === undefined) return true;
      const present = this.securityDescriptorOf(path);
      return present !== undefined && Buffer.from(securityDescriptor).equals(present);
    } catch {
      return false;
    }
  }

  /**
   * Leaves rights to the user of this process, the system and administrators alone; nothing is inherited. For what is new: what lies in a
   * folder already keeps its own. @returns whether that could be set
   */
  keepForOwner(path: ByteString): boolean {
    if (!this.userSid) return false;
    const descriptor = ownerOnlyDescriptor(this.userSid);
    return this.#call.setFileSecurity(longPath(path), bits(info.dacl, info.protectedDacl), descriptor) === true;
  }

  /**
   * For a file that is new and empty, and is to get `attributes` when its content is there. Whoever its folder lets in is kept out until it
   * has a list of its own, which is set last; sparse or compressed it must be before it has a length, or it takes all of its room at once
   * (Microsoft, FSCTL_SET_SPARSE). What cannot be done is named by `set`.
   */
  prepare(path: ByteString, { fileAttributes: flags = 0, securityDescriptor }: WindowsAttributes): void {
    if (securityDescriptor !== undefined) this.keepForOwner(path);
    this.#setForm(path, flags & (fileAttributes.sparseFile | fileAttributes.compressed));
  }

  /** Whether this process has the right to remove what is there, of a link the link, whoever has it open meanwhile. */
  mayRemove(path: ByteString): boolean {
    const flags = backupSemantics | openReparsePoint;
    const handle = numberOf(this.#call.createFile(longPath(path), deleteAccess, shareAll, null, openExisting, flags, null));
    if (handle === invalidHandle) return this.#lastCode() === sharingViolation;
    this.#call.closeHandle(handle);
    return true;
  }

  /**
   * Makes an empty file, with rights as `keepForOwner` leaves them. While it still has those of its folder nobody can open it: a handle
   * from that time would read what is written later. @throws an error with the system's code: EEXIST, ENOENT ...
   */
  makeForOwner(path: ByteString): void {
    const handle = this.#call.createFile(longPath(path), readAndWrite, shareNothing, null, createNew, fileAttributes.normal, null);
    if (numberOf(handle) === invalidHandle) throw this.#lastError('CreateFileW', path);
    try {
      this.keepForOwner(path); // changing rights is no reading or writing, which alone are not shared
    } finally {
      this.#call.closeHandle(numberOf(handle));
    }
  }

  /** 0 when they cannot be read. */
  #attributesOf(path: ByteString): number {
    try {
      return this.timesOf(path).attributes;
    } catch {
      return 0;
    }
  }

  /** Some file systems refuse it for a file that is read-only: it is not for that moment. */
  #setCreationTime(path: ByteString, creationTime: bigint): number {
    const code = this.#trySetCreationTime(path, creationTime);
    const attributes = code === accessDenied ? this.#attributesOf(path) : 0;
    if ((attributes & fileAttributes.readOnly) === 0) return code;
    this.#call.setFileAttributes(longPath(path), fileAttributes.normal);
    const again = this.#trySetCreationTime(path, creationTime);
    this.#call.setFileAttributes(longPath(path), attributes & settableAttributes);
    return again;
  }

  #trySetCreationTime(path: ByteString, creationTime: bigint): number {
    const flags = backupSemantics | openReparsePoint;
    const handle = this.#call.createFile(longPath(path), writeAttributes, shareAll, null, openExisting, flags, null);
    if (numberOf(handle) === invalidHandle) return this.#lastCode();
    try {
      const time = Buffer.alloc(8);
      time.writeBigUInt64LE(BigInt.asUintN(64, creationTime));
      return this.#call.setFileTime(numberOf(handle), time, null, null) === true ? 0 : this.#lastCode();
    } finally {
      this.#call.closeHandle(numberOf(handle));
    }
  }

  #setFileAttributes(path: ByteString, flags: number): number {
    const formCode = this.#setForm(path, flags);
    const wanted = flags & settableAttributes;
    const isSet = this.#call.setFileAttributes(longPath(path), wanted === 0 ? fileAttributes.normal : wanted) === true;
    return isSet ? formCode : this.#lastCode();
  }

  /** How the file lies on the disk. What this file system cannot do, a file of another one had: it is named, the content is whole. */
  #setForm(path: ByteString, flags: number): number {
    if ((flags & formAttributes) === 0) return 0;
    const missing = flags & ~this.#attributesOf(path);
    const codes: number[] = [];
    if ((missing & fileAttributes.encrypted) !== 0) codes.push(this.#call.encryptFile(longPath(path)) === true ? 0 : this.#lastCode());
    if ((missing & fileAttributes.sparseFile) !== 0) codes.push(this.#control(path, setSparse, Buffer.alloc(0)));
    // A file is compressed or encrypted, never both.
    if ((missing & fileAttributes.compressed) !== 0) codes.push(this.#control(path, setCompression, Buffer.from([1, 0])));
    return codes.find((code) => code !== 0) ?? 0;
  }

  #control(path: ByteString, control: number, input: Buffer): number {
    const handle = this.#call.createFile(longPath(path), readAndWrite, shareAll, null, openExisting, backupSemantics, null);
    if (numberOf(handle) === invalidHandle) return this.#lastCode();
    try {
      const returned = Buffer.alloc(4);
      const done = this.#call.deviceControl(numberOf(handle), control, input, input.length, null, 0, returned, null);
      return done === true ? 0 : this.#lastCode();
    } finally {
      this.#call.closeHandle(numberOf(handle));
    }
  }

  #setSecurity(path: ByteString, bytes: Uint8Array): WindowsAttributeProblem[] {
    const wanted = parseSecurityDescriptor(bytes);
    if (!wanted) return [{ what: 'security-descriptor', code: 'EINVAL' }];
    let isWhole = false;
    const set = (parts: number): number => {
      isWhole = (parts & info.backup) !== 0;
      const { owner, group, dacl, sacl } = wanted;
      const ownerAndGroup = isWhole ? [owner ?? null, group ?? null] : [null, null];
      return numberOf(
        this.#call.setSecurity(longPath(path), fileObject, parts, ...ownerAndGroup, dacl ?? null, isWhole ? (sacl ?? null) : null),
      );
    };
    const code = this.#withFewerRights(path, set, partsToSet(wanted), daclToSet(wanted));
    if (code !== 0) return [{ what: 'security-descriptor', code: codeOf(code) }];
    if (isWhole) return [];
    return [
      ...(this.#hasOwners(path, wanted) ? [] : [{ what: 'owner', code: 'EPERM' } as const]),
      ...(wanted.sacl && entryCount(wanted.sacl) > 0 ? [{ what: 'audit-rules', code: 'EPERM' } as const] : []),
    ];
  }

  /** Owner and group. Who restores his own files has nothing to be told. */
  #hasOwners(path: ByteString, { owner, group }: SecurityDescriptor): boolean {
    const isAs = (wanted: Uint8Array | undefined, present: Uint8Array | undefined): boolean =>
      !wanted || (present !== undefined && Buffer.from(wanted).equals(present));
    try {
      const bytes = this.securityDescriptorOf(path);
      const now = bytes && parseSecurityDescriptor(bytes);
      return isAs(owner, now?.owner) && isAs(group, now?.group);
    } catch {
      return false;
    }
  }

  /**
   * ERROR_ACCESS_DENIED is what removable media say of the same, and ERROR_INVALID_OWNER who may set rights but give no file away: no word
   * about the next file.
   */
  #withFewerRights(path: ByteString, attempt: (parts: number) => number, all: number, fewer: number): number {
    const volume = volumeOf(path);
    if (this.#withoutPrivilege.has(volume)) return attempt(fewer);
    const code = attempt(all);
    if (code !== privilegeNotHeld && code !== accessDenied && code !== invalidOwner) return code;
    if (code === privilegeNotHeld) this.#withoutPrivilege.add(volume);
    return attempt(fewer);
  }

  #lastError(call: string, path: ByteString): Error {
    return systemError(call, this.#lastCode(), path);
  }

  #lastCode(): number {
    return numberOf(this.#call.getLastError());
  }
}

let windowsFiles: WindowsFiles | undefined | null = null;

/** Of this thread; undefined on other systems, and where the package lacks the binary for it. */
export function nativeWindowsFiles(): WindowsFiles | undefined {
  if (windowsFiles !== null) return windowsFiles;
  const koffi = system.isWindows ? loadKoffi() : undefined;
  windowsFiles = koffi && new WindowsFiles(koffi);
  return windowsFiles;
}

/** Which parts of `wanted` there are to set. Protected, or explicitly not: so that inheritance is as it was. */
function partsToSet(wanted: SecurityDescriptor): number {
  const { control, owner, group } = wanted;
  const hasSacl = (control & controlFlags.saclPresent) !== 0;
  const saclProtection = (control & controlFlags.saclProtected) !== 0 ? info.protectedSacl : info.unprotectedSacl;
  return bits(
    info.backup,
    owner ? info.owner : 0,
    group ? info.group : 0,
    daclToSet(wanted),
    ...(hasSacl ? [info.sacl, info.label, info.attribute, info.scope, saclProtection] : []),
  );
}

function daclToSet({ control }: SecurityDescriptor): number {
  if ((control & controlFlags.daclPresent) === 0) return 0;
  return bits(info.dacl, (control & controlFlags.daclProtected) !== 0 ? info.protectedDacl : info.unprotectedDacl);
}

/** Together, as an unsigned number of 32 bits. */
function bits(...flags: readonly number[]): number {
  return flags.reduce((all, flag) => (all | flag) >>> 0, 0);
}

interface Calls {
  readonly getFileAttributes: NativeFunction;
  readonly setFileAttributes: NativeFunction;
  readonly encryptFile: NativeFunction;
  readonly deviceControl: NativeFunction;
  readonly createFile: NativeFunction;
  readonly setFileTime: NativeFunction;
  readonly closeHandle: NativeFunction;
  readonly getSecurity: NativeFunction;
  readonly setSecurity: NativeFunction;
  readonly setFileSecurity: NativeFunction;
  readonly securityLength: NativeFunction;
  readonly copyMemory: NativeFunction;
  readonly localFree: NativeFunction;
  readonly getLastError: NativeFunction;
  readonly currentProcess: NativeFunction;
  readonly openToken: NativeFunction;
  readonly tokenInformation: NativeFunction;
  readonly lookUpPrivilege: NativeFunction;
  readonly adjustPrivileges: NativeFunction;
}

/** The signatures of Microsoft's documentation ("Windows API index"), each under its name there. */
function bindCalls(koffi: Koffi): Calls {
  const kernel = koffi.load('kernel32.dll');
  const advapi = koffi.load('advapi32.dll');
  return {
    getFileAttributes: kernel.func('bool __stdcall GetFileAttributesExW(str16 name, int level, _Out_ uint8_t *data)'),
    setFileAttributes: kernel.func('bool __stdcall SetFileAttributesW(str16 name, uint32_t attributes)'),
    encryptFile: advapi.func('bool __stdcall EncryptFileW(str16 name)'),
    deviceControl: kernel.func(
      'bool __stdcall DeviceIoControl(intptr_t file, uint32_t control, uint8_t *input, uint32_t inputLength, ' +
        'uint8_t *output, uint32_t outputLength, _Out_ uint8_t *returned, void *overlapped)',
    ),
    createFile: kernel.func(
      'intptr_t __stdcall CreateFileW(str16 name, uint32_t access, uint32_t share, void *security, uint32_t how, uint32_t flags, void *like)',
    ),
    setFileTime: kernel.func('bool __stdcall SetFileTime(intptr_t file, uint8_t *creation, uint8_t *access, uint8_t *write)'),
    closeHandle: kernel.func('bool __stdcall CloseHandle(intptr_t handle)'),
    getSecurity: advapi.func(
      'uint32_t __stdcall GetNamedSecurityInfoW(str16 name, int type, uint32_t parts, ' +
        'void *owner, void *group, void *dacl, void *sacl, _Out_ void **descriptor)',
    ),
    setSecurity: advapi.func(
      'uint32_t __stdcall SetNamedSecurityInfoW(str16 name, int type, uint32_t parts, ' +
        'uint8_t *owner, uint8_t *group, uint8_t *dacl, uint8_t *sacl)',
    ),
    setFileSecurity: advapi.func('bool __stdcall SetFileSecurityW(str16 name, uint32_t parts, uint8_t *descriptor)'),
    securityLength: advapi.func('uint32_t __stdcall GetSecurityDescriptorLength(void *descriptor)'),
    copyMemory: kernel.func('void __stdcall RtlMoveMemory(_Out_ uint8_t *to, void *from, size_t length)'),
    localFree: kernel.func('void *__stdcall LocalFree(void *memory)'),
    getLastError: kernel.func('uint32_t __stdcall GetLastError()'),
    currentProcess: kernel.func('intptr_t __stdcall GetCurrentProcess()'),
    openToken: advapi.func('bool __stdcall OpenProcessToken(intptr_t process, uint32_t access, _Out_ intptr_t *token)'),
    tokenInformation: advapi.func(
      'bool __stdcall GetTokenInformation(intptr_t token, int what, _Out_ uint8_t *data, uint32_t length, _Out_ uint8_t *needed)',
    ),
    lookUpPrivilege: advapi.func('bool __stdcall LookupPrivilegeValueW(str16 system, str16 name, _Out_ uint8_t *id)'),
    adjustPrivileges: advapi.func(
      'bool __stdcall AdjustTokenPrivileges(intptr_t token, bool disableAll, uint8_t *wanted, uint32_t length, void *before, void *needed)',
    ),
  };
}

const tokenAdjustAndQuery = 0x28;
const privilegeEnabled = 2;

function withToken<T>(call: Calls, use: (token: NativeValue) => T): T | undefined {
  const token: NativeOut = [0];
  if (call.openToken(numberOf(call.currentProcess()), tokenAdjustAndQuery, token) !== true) return undefined;
  try {
    return use(token[0]);
  } finally {
    call.closeHandle(token[0]);
  }
}

/** One by one, since those that this account has not are no reason to do without the others. What is missing shows in the calls. */
function enablePrivileges(call: Calls, token: NativeValue): void {
  for (const name of privileges) {
    const id = Buffer.alloc(8);
    if (call.lookUpPrivilege(null, name, id) !== true) continue;
    const wanted = Buffer.alloc(16); // TOKEN_PRIVILEGES of one: count, identifier, attributes
    wanted.writeUInt32LE(1, 0);
    id.copy(wanted, 4);
    wanted.writeUInt32LE(privilegeEnabled, 12);
    call.adjustPrivileges(token, false, wanted, wanted.length, null, null);
  }
}

const tokenUser = 1; // TOKEN_INFORMATION_CLASS
const tokenUserBytes = 16; // of TOKEN_USER on 64 bits: a pointer and flags; what it points to follows in the same memory

function userSidOf(call: Calls, token: NativeValue): Uint8Array | undefined {
  const user = Buffer.alloc(256); // the longest SID has 68 bytes
  return call.tokenInformation(token, tokenUser, user, user.length, Buffer.alloc(4)) === true ? sidAt(user, tokenUserBytes) : undefined;
}

/** A server that lacks a right of ours says nothing about the next one. */
function volumeOf(path: ByteString): string {
  return /^(?:\/\/[^/]+\/[^/]+|[A-Za-z]:)/.exec(path)?.[0].toLowerCase() ?? '';
}

/** With `\\?\`, so that neither its length nor a dot at the end of a name matters. */
function longPath(path: ByteString): string {
  return win32.toNamespacedPath(textOf(path));
}

function systemError(call: string, code: number, path: ByteString): Error {
  return Object.assign(new Error(`${call} of ${textOf(path)} failed with ${code}`), { code: codeOf(code) });
}

/** Node's word for an error of Windows where it has one (libuv, `uv_translate_sys_error`), else its number. */
function codeOf(code: number): string {
  return errorCodes[code] ?? `WINDOWS_${code}`;
}

function numberOf(value: unknown): number {
  return Number(value);
}
