import { ConnectionFault } from '../../http/index.ts';
import { isStoredName } from '../file-name.ts';
import type { ListedFile } from '../storage.ts';
import { JsonElements } from './json-elements.ts';

/**
 * What a server lists, of either version of the protocol: `[{"name":"ab12…","size":5}]`, or `["ab12…"]` from servers that know only the
 * first. Names that are none of ours are left out: rclone gives the last part of whatever lies below the folder.
 */
export class RestListing {
  readonly #elements = new JsonElements((element) => this.#take(element));
  readonly #sizes = new Map<string, number>();
  /** Their size has to be asked for: it was not told, or told twice, and not alike. */
  readonly #unsure = new Set<string>();

  /** @throws ConnectionFault for what is no list */
  push(chunk: Uint8Array): void {
    this.#elements.push(chunk);
  }

  /** At the end of the body. @throws ConnectionFault when the list does not end there */
  finish(): void {
    this.#elements.finish();
  }

  /** Names whose size the list does not tell. */
  get unsure(): ReadonlySet<string> {
    return this.#unsure;
  }

  has(name: string): boolean {
    return this.#sizes.has(name);
  }

  /** @param sizeBytes undefined for a file that has gone meanwhile */
  settle(name: string, sizeBytes: number | undefined): void {
    if (sizeBytes === undefined) this.#sizes.delete(name);
    else this.#sizes.set(name, sizeBytes);
  }

  files(): ListedFile[] {
    return Array.from(this.#sizes, ([name, sizeBytes]) => ({ name, sizeBytes }));
  }

  #take(element: unknown): void {
    if (typeof element === 'string') return this.#note(element, undefined);
    if (typeof element === 'object' && element !== null && 'name' in element && 'size' in element) {
      const { name, size } = element;
      if (typeof name === 'string' && isSize(size)) return this.#note(name, size);
    }
    throw new ConnectionFault('the answer is no list of files');
  }

  #note(name: string, sizeBytes: number | undefined): void {
    if (!isStoredName(name)) return;
    const before = this.#sizes.get(name);
    if (sizeBytes === undefined || (before !== undefined && before !== sizeBytes)) this.#unsure.add(name);
    this.#sizes.set(name, sizeBytes ?? 0);
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
