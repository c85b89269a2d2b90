import { textOf, type ByteString } from '../platform/index.ts';

/** Not allowed in names on Windows, or a separator somewhere, or unseen. */
const unfit = /[<>:"/\\|?*\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** Devices of Windows, with or without an ending. */
const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
const nameCharsMax = 200;

/** A name that every system can unpack. What had to be replaced is a `_`. */
export function fitName(name: string): string {
  const plain = name.replaceAll(unfit, '_').replace(/[. ]+$/, (ending) => '_'.repeat(ending.length));
  const short = plain.length > nameCharsMax ? shortened(plain) : plain;
  return short === '' ? '_' : device.test(short) ? `_${short}` : short;
}

/** Keeps the ending, by which systems know what opens a file. */
function shortened(name: string): string {
  const ending = /\.[^.]{1,10}$/.exec(name)?.[0] ?? '';
  return `${Array.from(name)
    .slice(0, nameCharsMax - ending.length)
    .join('')}${ending}`;
}

/** Gives each entry of an archive a path of its own, also where two names became one, or differ in case alone. */
export class ArchiveNames {
  /** The path that a folder of the snapshot got. */
  readonly #folders = new Map<ByteString, string>([['/' as ByteString, '']]);
  readonly #taken = new Set<string>();

  /** @param path in the snapshot, beginning with `/`; its folder must have been asked for before */
  pathOf(path: ByteString, isFolder: boolean): string {
    const slash = path.lastIndexOf('/');
    const folder = this.#folders.get((slash <= 0 ? '/' : path.slice(0, slash)) as ByteString) ?? '';
    const wanted = fitName(textOf(path.slice(slash + 1) as ByteString));
    const own = this.#free(folder, wanted);
    if (isFolder) this.#folders.set(path, `${own}/`);
    return own;
  }

  /** Whoever left a folder needs its names no more: the walk never comes back. */
  leave(path: ByteString): void {
    if (path !== '/') this.#folders.delete(path);
  }

  #free(folder: string, wanted: string): string {
    const ending = /\.[^.]{1,10}$/.exec(wanted)?.[0] ?? '';
    for (let number = 1; ; number++) {
      const name = number === 1 ? wanted : `${wanted.slice(0, wanted.length - ending.length)} (${number})${ending}`;
      const key = (folder + name).normalize('NFC').toLowerCase();
      if (this.#taken.has(key)) continue;
      this.#taken.add(key);
      return folder + name;
    }
  }
}
