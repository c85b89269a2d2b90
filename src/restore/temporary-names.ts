import { byteStringFromText, type ByteString, type Random } from '../platform/index.ts';

const tokenBytes = 6;

/** Makes names for files that are not finished, `.cadangan-<random>.part`. What a killed run leaves behind can be told by them. */
export class TemporaryNames {
  readonly #token: string;
  #count = 0;

  constructor(random: Random) {
    this.#token = Buffer.from(random.fill(new Uint8Array(tokenBytes))).toString('hex');
  }

  next(): ByteString {
    this.#count += 1;
    return byteStringFromText(`.cadangan-${this.#token}${this.#count.toString(36)}.part`);
  }
}
