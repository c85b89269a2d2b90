import type { SeededRandom } from '../fakes/seeded-random.ts';

/** As Google's ids look: letters, digits, `-` and `_`. */
export class Ids {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  file(): string {
    return `1${this.text(24)}`;
  }

  root(): string {
    return `0A${this.text(9)}PVA`.slice(0, 19);
  }

  revision(): string {
    return `0B${this.text(36)}`;
  }

  /** A text of `byteLength` random bytes in base64url. */
  text(byteLength: number): string {
    return Buffer.from(this.#random.bytes(byteLength)).toString('base64url');
  }
}
