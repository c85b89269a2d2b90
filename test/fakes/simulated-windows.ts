import assert from 'node:assert/strict';
import { ownerOnlyDescriptor, WindowsFiles, type Koffi, type NativeValue } from '../../src/platform/index.ts';

/** S-1-5-21-1-2-3-1000: who runs the program. */
export const userSid = Buffer.from('010500000000000515000000' + '010000000200000003000000e8030000', 'hex');
export const otherSid = Buffer.from('010500000000000515000000' + '010000000200000003000000e9030000', 'hex');

interface SimulatedFile {
  attributes: number;
  creationTime: bigint;
  descriptor: Buffer;
  /** The code that reading its descriptor ends with. */
  securityError?: number;
  /** The code that setting any of these parts ends with. */
  refused?: { readonly parts: number; readonly code: number };
  /** Its list of rights, as `SetFileSecurityW` had it. */
  list?: Buffer;
  /** Control codes that it has had, in hexadecimal. */
  controls?: string[];
  /** The code that opening it to remove it ends with. */
  removalError?: number;
}

const backupPart = 0x10000;
const deleteAccess = 0x10000;
export const accessDenied = 5;
const [notFound, invalidHandle, privilegeNotHeld] = [2, 6, 1314];
/** What a call that succeeds leaves as the last error says nothing. */
const leftOver = 183;

/** Functions of Windows as Microsoft documents them, over files in memory: for what no test machine has, such as a lack of rights. */
export class SimulatedWindows {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #memory = new Map<bigint, Buffer>();
  /** Open ones, by what they are. */
  readonly #handles = new Map<bigint, string>();
  #lastError = 0;
  #lastAddress = 0n;
  /** Whether the user may have the privileges to back up and restore. */
  hasPrivileges = true;
  /** Servers that do not let the user have them. */
  readonly serversWithout = new Set<string>();
  /** The parts that each call asked for, in hexadecimal. */
  readonly asked: string[] = [];

  get files(): WindowsFiles {
    const functions = this.#functions();
    const koffi: Koffi = {
      load: () => ({
        func: (signature) => {
          const name = /(\w+)\(/.exec(signature)?.[1] ?? '';
          return functions[name] ?? ((): never => assert.fail(`${name} is not simulated`));
        },
      }),
    };
    return new WindowsFiles(koffi);
  }

  /** @param path as a byte path: slashes, no drive */
  add(path: string, file: Partial<SimulatedFile> = {}): SimulatedFile {
    const made = { attributes: 0x20, creationTime: 1n, descriptor: descriptorOf(userSid), ...file };
    this.#files.set(key(path), made);
    return made;
  }

  #functions(): Record<string, (...parameters: NativeValue[]) => unknown> {
    return {
      GetFileAttributesExW: (name, _level, data) =>
        this.#withFile(name, (file) => {
          assert.ok(data instanceof Buffer);
          data.writeUInt32LE(file.attributes, 0);
          data.writeBigUInt64LE(file.creationTime, 4);
        }),
      SetFileAttributesW: (name, attributes) => this.#withFile(name, (file) => void (file.attributes = Number(attributes))),
      CreateFileW: (name, access) => {
        const refusal = Number(access) === deleteAccess ? this.#files.get(key(String(name)))?.removalError : undefined;
        if (this.#withFile(name, () => undefined) && refusal === undefined) return this.#open(key(String(name)));
        this.#lastError = refusal ?? this.#lastError;
        return -1n;
      },
      SetFileTime: (handle, time) =>
        this.#withHandle(handle, (file) => {
          assert.ok(time instanceof Buffer);
          file.creationTime = time.readBigUInt64LE();
        }),
      CloseHandle: (handle) => {
        assert.ok(this.#handles.delete(BigInt(Number(handle))), 'closed once');
        this.#lastError = leftOver;
        return true;
      },
      DeviceIoControl: (handle, control) =>
        this.#withHandle(handle, (file) => void (file.controls ??= []).push(Number(control).toString(16))),
      SetFileSecurityW: (name, _parts, list) => this.#withFile(name, (file) => void (file.list = Buffer.from(list as Uint8Array))),
      GetNamedSecurityInfoW: (name, _type, parts, _o, _g, _d, _s, out) => {
        this.asked.push(`get ${Number(parts).toString(16)}`);
        const code = this.#refusal(name, Number(parts));
        assert.ok(Array.isArray(out));
        if (code === 0) out[0] = this.#give(this.#files.get(key(String(name)))?.descriptor ?? assert.fail());
        return code;
      },
      SetNamedSecurityInfoW: (name, _type, parts, owner) => {
        this.asked.push(`set ${Number(parts).toString(16)}`);
        const refused = this.#files.get(key(String(name)))?.refused;
        const code = refused && (Number(parts) & refused.parts) !== 0 ? refused.code : this.#refusal(name, Number(parts));
        if (code === 0 && owner instanceof Uint8Array)
          (this.#files.get(key(String(name))) ?? assert.fail()).descriptor = descriptorOf(owner);
        return code;
      },
      GetSecurityDescriptorLength: (address) => this.#memory.get(address as bigint)?.length,
      RtlMoveMemory: (to, from, length) => {
        assert.ok(to instanceof Buffer);
        to.set((this.#memory.get(from as bigint) ?? assert.fail()).subarray(0, Number(length)));
      },
      LocalFree: (address) => {
        assert.ok(this.#memory.delete(address as bigint), 'freed once');
        this.#lastError = leftOver;
      },
      GetLastError: () => this.#lastError,
      GetCurrentProcess: () => -1,
      OpenProcessToken: (_process, _access, out) => {
        assert.ok(Array.isArray(out));
        out[0] = this.#open('token');
        return true;
      },
      LookupPrivilegeValueW: () => true,
      AdjustTokenPrivileges: () => true,
      GetTokenInformation: (_token, _what, data) => {
        assert.ok(data instanceof Buffer);
        data.set(userSid, 16);
        return true;
      },
    };
  }

  /** A descriptor or a handle that the system gave out was not given back. */
  get hasLeaked(): boolean {
    return this.#memory.size > 0 || this.#handles.size > 0;
  }

  #refusal(name: NativeValue, parts: number): number {
    const file = this.#files.get(key(String(name)));
    if (!file) return notFound;
    if (file.securityError !== undefined) return file.securityError;
    const needsPrivilege = (parts & backupPart) !== 0;
    const server = /^\/\/([^/]+)/.exec(key(String(name)))?.[1] ?? '';
    return needsPrivilege && (!this.hasPrivileges || this.serversWithout.has(server)) ? privilegeNotHeld : 0;
  }

  #withFile(name: NativeValue, use: (file: SimulatedFile) => void): boolean {
    const file = this.#files.get(key(String(name)));
    this.#lastError = file ? leftOver : notFound;
    if (file) use(file);
    return file !== undefined;
  }

  #withHandle(handle: NativeValue, use: (file: SimulatedFile) => void): boolean {
    const name = this.#handles.get(BigInt(Number(handle)));
    if (name !== undefined) return this.#withFile(name, use);
    this.#lastError = invalidHandle;
    return false;
  }

  #open(what: string): bigint {
    const handle = (this.#lastAddress += 4n);
    this.#handles.set(handle, what);
    return handle;
  }

  #give(bytes: Buffer): bigint {
    const address = (this.#lastAddress += 0x1000n);
    this.#memory.set(address, bytes);
    return address;
  }
}

/** An owner, and a list for him, the system and administrators. */
export function descriptorOf(owner: Uint8Array): Buffer {
  const descriptor = Buffer.concat([ownerOnlyDescriptor(owner), owner]);
  descriptor.writeUInt32LE(descriptor.length - owner.length, 4);
  return descriptor;
}

function key(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^\/\/\?\/UNC\//i, '//')
    .replace(/^\/\/\?\//, '')
    .replace(/^[A-Za-z]:/, '')
    .toLowerCase();
}
