import type { Storage } from '../../../src/storage/index.ts';
import type { SftpStorage } from '../../../src/storage/index.ts';

/** As long as the conformance suite leaves signals out: each call gets one that nothing aborts. */
export function signalled(storage: SftpStorage): Storage {
  const never = new AbortController().signal;
  return {
    location: storage.location,
    create: (signal = never) => storage.create(signal),
    list: (kind, signal = never) => storage.list(kind, signal),
    sizeOf: (file, signal = never) => storage.sizeOf(file, signal),
    writtenMs: (file, signal = never) => storage.writtenMs(file, signal),
    read: (file, signal = never) => storage.read(file, signal),
    readRange: (file, offset, lengthBytes, { signal = never, ...options } = {}) =>
      storage.readRange(file, offset, lengthBytes, { signal, ...options }),
    write: (file, bytes, signal = never) => storage.write(file, bytes, signal),
    remove: (file, signal = never) => storage.remove(file, signal),
    removeLeftovers: (signal = never, options) => storage.removeLeftovers(signal, options),
    close: () => storage.close(),
  };
}
