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
    return { isSound: true, bytes: bytes.slice(at, at + length) };
  };
  const [owner, group] = [part(4, 'sid'), part(8, 'sid')];
  const sacl = part(12, 'acl', (control & controlFlags.saclPresent) !== 0);
  const dacl = part(16, 'acl', (control & controlFlags.daclPresent) !== 0);
  if (![owner, group, sacl, dacl].every(({ isSound }) => isSound)) return undefined;
  return { control, owner: owner.bytes, group: group.bytes, dacl: dacl.bytes, sacl: sacl.bytes };
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
