import type { CopyFile, CopyListing, ForeignFile } from './copy-listing.ts';

/** What is known to lie on Drive: a listing, and what was done since. */
export class CopyAccount {
  readonly #files = new Map<string, CopyFile>();
  readonly #foreign: readonly ForeignFile[];

  constructor(listing: CopyListing) {
    for (const file of listing.files) this.#files.set(file.id, file);
    this.#foreign = listing.foreign;
  }

  get listing(): CopyListing {
    return { files: [...this.#files.values()], foreign: this.#foreign };
  }

  add(file: CopyFile): void {
    this.#files.set(file.id, file);
  }

  trashed(file: CopyFile): void {
    this.#files.set(file.id, { ...file, isTrashed: true });
  }
}
