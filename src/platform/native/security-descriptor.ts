/**
 * A security descriptor in its self-relative form, taken apart (Microsoft, [MS-DTYP] 2.4.6). The parts are copies: the functions of
 * Windows read as far as the lengths in them say, and these have been checked.
 */
export interface SecurityDescriptor {
  /** Flags of the header, see `controlFlags`. */
  readonly control: number;
  readonly owner: Uint8Array | undefined;
  readonly group: Uint8Array | undefined;
  /** An access list; undefined where there is none, which with `daclPresent` means that everybody may do everything. */
  readonly dacl: Uint8Array | undefined;
  readonly sacl: Uint8Array | undefined;
}

export const controlFlags = {
  daclPresent: 0x0004,
  saclPresent: 0x0010,
  daclProtected: 0x1000,
  saclProtected: 0x2000,
  selfRelative: 0x8000,
} as const;

const headerBytes = 20;
const sidHeaderBytes = 8;
const subAuthoritiesMax = 15;
const aclHeaderBytes = 8;
const aceHeaderBytes = 4;

/** @returns undefined for bytes that are none, or whose lengths and offsets lead out of them */
export function parseSecurityDescriptor(bytes: Uint8Array): SecurityDescriptor | undefined {
  if (bytes.length < headerBytes || bytes[0] !== 1) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const control = view.getUint16(2, true);
  if ((control & controlFlags.selfRelative) === 0) return undefined;
  const lengthOf = { sid: (at: number) => sidLength(view, at), acl: (at: number) => aclLength(view, at) };
  const part = (field: number, kind: 'sid' | 'acl', isPresent = true): Part => {
    const at = view.getUint32(field, true);
    if (at === 0 || !isPresent) return { isSound: true, bytes: undefined };
    const length = at < headerBytes ? undefined : lengthOf[kind](at);
    if (length === undefined || at + length > bytes.length) return { isSound: false, bytes: undefined };
    return { isSound: true, bytes: copyOf(bytes, at, length) };
  };
  const [owner, group] = [part(4, 'sid'), part(8, 'sid')];
  const sacl = part(12, 'acl', (control & controlFlags.saclPresent) !== 0);
  const dacl = part(16, 'acl', (control & controlFlags.daclPresent) !== 0);
  if (![owner, group, sacl, dacl].every(({ isSound }) => isSound)) return undefined;
  return { control, owner: owner.bytes, group: group.bytes, dacl: dacl.bytes, sacl: sacl.bytes };
}

/** One entry of an access list that names an account. */
export interface AccessEntry {
  /** Else what is refused, or only written down. */
  readonly isAllowed: boolean;
  /** It is only handed on to what is made in the folder. */
  readonly isForChildrenOnly: boolean;
  /** Rights, as [MS-DTYP] 2.4.3 numbers them. */
  readonly mask: number;
  readonly sid: Uint8Array;
}

// [MS-DTYP] 2.4.4.1: types of entries that allow. Of those with conditions (0x09) the account stands in the same place.
const allowTypes: ReadonlySet<number> = new Set([0x00, 0x09]);
const denyOrAuditTypes: ReadonlySet<number> = new Set([0x01, 0x02, 0x0a, 0x0d]);
const inheritOnly = 0x08;

/** The entries of a list that `parseSecurityDescriptor` gave. Those of kinds that files do not have are left out. */
export function accessEntries(acl: Uint8Array): AccessEntry[] {
  const view = new DataView(acl.buffer, acl.byteOffset, acl.byteLength);
  const entries: AccessEntry[] = [];
  let at = aclHeaderBytes;
  for (let left = view.getUint16(4, true); left > 0; left -= 1) {
    const [type, flags, size] = [view.getUint8(at), view.getUint8(at + 1), view.getUint16(at + 2, true)];
    const start = at + aceHeaderBytes + 4;
    const length = allowTypes.has(type) || denyOrAuditTypes.has(type) ? sidLength(view, start) : undefined;
    if (length !== undefined && start + length <= at + size) {
      const [isAllowed, isForChildrenOnly] = [allowTypes.has(type), (flags & inheritOnly) !== 0];
      entries.push({
        isAllowed,
        isForChildrenOnly,
        mask: view.getUint32(at + aceHeaderBytes, true),
        sid: copyOf(acl, start, length),
      });
    }
    at += size;
  }
  return entries;
}

/** How many entries of any kind a list has. */
export function entryCount(acl: Uint8Array): number {
  return new DataView(acl.buffer, acl.byteOffset, acl.byteLength).getUint16(4, true);
}

/** `S-1-5-32-544` ([MS-DTYP] 2.4.2.1). */
export function sidText(sid: Uint8Array): string {
  const view = new DataView(sid.buffer, sid.byteOffset, sid.byteLength);
  const authority = view.getUint16(2) * 2 ** 32 + view.getUint32(4);
  const parts = Array.from({ length: view.getUint8(1) }, (_, at) => view.getUint32(sidHeaderBytes + 4 * at, true));
  return ['S', view.getUint8(0), authority, ...parts].join('-');
}

/** The SID at `at`. @returns undefined where there is none */
export function sidAt(bytes: Uint8Array, at: number): Uint8Array | undefined {
  const length = sidLength(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at);
  return length === undefined || at + length > bytes.length ? undefined : copyOf(bytes, at, length);
}

/** S-1-5-18 and S-1-5-32-544: the system, and the group of administrators. */
const systemSid = Buffer.from('010100000000000512000000', 'hex');
const administratorsSid = Buffer.from('01020000000000052000000020020000', 'hex');
const fullAccess = 0x1f01ff;
/** CONTAINER_INHERIT_ACE and OBJECT_INHERIT_ACE: what is made in a folder gets the same. For a file they say nothing. */
const forChildrenToo = 0x03;

/** One whose list lets `owner`, the system and administrators do everything, and nobody else anything; it says nothing else. */
export function ownerOnlyDescriptor(owner: Uint8Array): Uint8Array {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(1, 0);
  header.writeUInt16LE(controlFlags.selfRelative | controlFlags.daclPresent | controlFlags.daclProtected, 2);
  header.writeUInt32LE(headerBytes, 16);
  return Buffer.concat([header, ownerOnlyList(owner)]);
}

function ownerOnlyList(owner: Uint8Array): Buffer {
  const entries = [owner, systemSid, administratorsSid].map((sid) => {
    const entry = Buffer.alloc(aceHeaderBytes + 4 + sid.length);
    entry.writeUInt8(forChildrenToo, 1);
    entry.writeUInt16LE(entry.length, 2);
    entry.writeUInt32LE(fullAccess, aceHeaderBytes);
    entry.set(sid, aceHeaderBytes + 4);
    return entry;
  });
  const header = Buffer.alloc(aclHeaderBytes);
  header.writeUInt8(2, 0); // ACL_REVISION
  header.writeUInt16LE(
    entries.reduce((sum, { length }) => sum + length, aclHeaderBytes),
    2,
  );
  header.writeUInt16LE(entries.length, 4);
  return Buffer.concat([header, ...entries]);
}

/** `slice` of a `Buffer` is no copy. */
function copyOf(bytes: Uint8Array, at: number, length: number): Uint8Array {
  return Uint8Array.from(bytes.subarray(at, at + length));
}

interface Part {
  readonly isSound: boolean;
  readonly bytes: Uint8Array | undefined;
}

/** [MS-DTYP] 2.4.2.2: revision, number of sub-authorities, 6 bytes of authority, 4 bytes for each. */
function sidLength(view: DataView, at: number): number | undefined {
  if (at + sidHeaderBytes > view.byteLength || view.getUint8(at) !== 1) return undefined;
  const count = view.getUint8(at + 1);
  return count > subAuthoritiesMax ? undefined : sidHeaderBytes + 4 * count;
}

/** [MS-DTYP] 2.4.5: revision, size in bytes, number of entries; each entry says its own size. */
function aclLength(view: DataView, at: number): number | undefined {
  if (at + aclHeaderBytes > view.byteLength) return undefined;
  const [size, count] = [view.getUint16(at + 2, true), view.getUint16(at + 4, true)];
  if (size < aclHeaderBytes || at + size > view.byteLength) return undefined;
  let entry = at + aclHeaderBytes;
  for (let left = count; left > 0; left -= 1) {
    if (entry + aceHeaderBytes > at + size) return undefined;
    const entrySize = view.getUint16(entry + 2, true);
    if (entrySize < aceHeaderBytes || entry + entrySize > at + size) return undefined;
    entry += entrySize;
  }
  return size;
}
