import { joinBytes, systemCode, type ByteString, system } from '../platform/index.ts';
import type { ExcludeRules } from './exclude-rules.ts';
import { readHead } from './folder-tags.ts';
import type { PlaceToRead } from './read-places.ts';
import { readFolderNames, statEntry, type SourceEntry } from './source-entry.ts';

/** What a folder of the source holds, as far as the rules leave it in. */
export interface FolderListing {
  /** In byte order of their names. */
  readonly entries: readonly SourceEntry[];
  /** Entries that `lstat` refused, or the folder itself when it cannot be read. */
  readonly failures: readonly { readonly path: ByteString; readonly error: unknown }[];
}

/** Lists folders of the source. Listings that were read ahead are handed over once; see `ScanAhead`. */
export class SourceReader {
  readonly #rules: ExcludeRules;
  readonly placeToRead: PlaceToRead;
  readonly #ahead = new Map<ByteString, FolderListing>();
  /** Whether the rules left anything out so far. */
  hasExcluded = false;

  constructor(rules: ExcludeRules, placeToRead: PlaceToRead) {
    this.#rules = rules;
    this.placeToRead = placeToRead;
  }

  list(folder: ByteString): FolderListing {
    const known = this.#ahead.get(folder);
    if (!known) return this.#read(folder);
    this.#ahead.delete(folder);
    return known;
  }

  /** Reads a folder and keeps the listing for `list`. */
  readAhead(folder: ByteString): FolderListing {
    const listing = this.#read(folder);
    this.#ahead.set(folder, listing);
    return listing;
  }

  /** Lists a folder for counting: nothing is kept, and what `readAhead` kept stays. */
  look(folder: ByteString): FolderListing {
    return this.#ahead.get(folder) ?? this.#read(folder);
  }

  #read(folder: ByteString): FolderListing {
    const entries: SourceEntry[] = [];
    const failures: { path: ByteString; error: unknown }[] = [];
    try {
      for (const name of this.#names(folder)) {
        try {
          const entry = statEntry(folder, name, this.placeToRead);
          if (this.#excludes(entry)) this.hasExcluded = true;
          else entries.push(entry);
        } catch (error) {
          if (systemCode(error) === undefined) throw error;
          const path = joinBytes(folder, name);
          if (this.#rules.isEmpty || !this.#rules.excludesPath(patternPath(path))) failures.push({ path, error });
        }
      }
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      failures.push({ path: folder, error });
    }
    return { entries, failures };
  }

  #names(folder: ByteString): readonly ByteString[] {
    const names = readFolderNames(this.placeToRead(folder));
    if (!this.#rules.looksIntoFolders) return names;
    const excluded = this.#rules.excludesFolder(new Set(names), (name, length) => readHead(this.placeToRead(folder), name, length));
    if (!excluded) return names;
    this.hasExcluded = true;
    return names.filter((name) => name === excluded.keep);
  }

  #excludes({ path, stat }: SourceEntry): boolean {
    if (this.#rules.isEmpty) return false;
    return this.#rules.excludesPath(patternPath(path), { type: stat.type === 'dir' ? 'dir' : 'file', size: stat.size });
  }
}

/** Patterns are matched against absolute paths; on Windows `C:/x` is written `/C/x` for them, and `//server/share/x` `/server/share/x`. */
export function patternPath(path: ByteString, windows = system.isWindows): ByteString {
  if (!windows) return path;
  return (path.startsWith('//') ? path.slice(1) : `/${path.replace(/^([A-Za-z]):/, '$1')}`) as ByteString;
}
