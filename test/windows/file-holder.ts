import { createRequire } from 'node:module';

/** What we use of koffi (koffi.dev, "Function calls"). */
interface Koffi {
  load(library: string): { func(signature: string): (...parameters: readonly (string | number | null)[]) => number };
}

/** From `winnt.h` and `fileapi.h`. */
const genericRead = 0x8000_0000;
const shareReadAndWrite = 0x1 | 0x2;
const openExisting = 3;
const invalidHandle = -1;

/** Opens files as a scanner for viruses does: to read, sharing reading and writing but not deletion. In Windows only. */
export class FileHolder {
  readonly #open: (...parameters: readonly (string | number | null)[]) => number;
  readonly #close: (...parameters: readonly (string | number | null)[]) => number;

  /** @param koffiPath koffi's binary for Windows */
  constructor(koffiPath: string) {
    const koffi: Koffi = createRequire(import.meta.url)(koffiPath);
    const kernel = koffi.load('kernel32.dll');
    this.#open = kernel.func(
      'intptr_t __stdcall CreateFileW(str16 name, uint32_t access, uint32_t share, void* security, uint32_t disposition, uint32_t flags, void* template)',
    );
    this.#close = kernel.func('bool __stdcall CloseHandle(intptr_t handle)');
  }

  /** @returns what lets go of it; undefined where the file cannot be opened: it is gone. Whoever lets go of nothing holds it to his end */
  hold(path: string): (() => void) | undefined {
    const handle = this.#open(path, genericRead, shareReadAndWrite, null, openExisting, 0, null);
    return handle === invalidHandle ? undefined : () => void this.#close(handle);
  }
}
