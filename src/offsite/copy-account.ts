import type { Claim } from './copy-claim.ts';
import type { CopyFile, CopyListing, ForeignFile } from './copy-listing.ts';

/** What is known to lie on Drive: a listing, and what was done and seen since. */
export class CopyAccount {
  readonly #files = new Map<string, CopyFile>();
  readonly #foreign: readonly ForeignFile[];
  #claims: readonly Claim[];

  constructor(listing: CopyListing) {
    for (const file of listing.files) this.#files.set(file.id, file);
    this.#foreign = listing.foreign;
    this.#claims = listing.claims;
  }

  get listing(): CopyListing {
    return { files: [...this.#files.values()], foreign: this.#foreign, claims: this.#claims };
  }

  add(file: CopyFile): void {
    this.#files.set(file.id, file);
  }

  /** What a look at a part of the folder showed: files are added to those that are known, claims take the place of those. */
  saw({ files, claims }: Pick<CopyListing, 'files' | 'claims'>): void {
    for (const file of files) this.#files.set(file.id, file);
    this.#claims = claims;
  }

  trashed(file: CopyFile): void {
    this.#files.set(file.id, { ...file, isTrashed: true });
  }
}
